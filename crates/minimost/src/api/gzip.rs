//! Bytes in gzip's format, made of pieces, some of which were compressed before.
//!
//! A gzip member (RFC 1952) is a sequence of deflate blocks (RFC 1951) and the CRC of the plain bytes. Blocks that end in
//! a full flush end on a byte and refer to nothing before them, so they may stand in any member; the CRCs of two pieces
//! make that of both.
//!
//! The fastest level: on a LAN the server's time is dearer than the wire's. What a compressor needs beside that is a
//! quarter of a mebibyte of memory, so each thread keeps one and begins anew with it.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};
use rand::TryRngCore;

/// Of a member with a file name, of no time, compressed fast, on an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 4, 255];

/// Bytes of the file name, at most.
const NOISE_BYTES_MAX: u32 = 63;

/// A piece that is compressed once, for many.
pub(super) struct Compressed {
    blocks: Bytes,
    sum: Crc,
}

impl Compressed {
    pub(super) fn new(plain: &[u8]) -> Compressed {
        let (mut blocks, mut sum) = (Vec::new(), Crc::new());
        sum.update(plain);
        deflate(&mut Compressor::take(), plain, FlushCompress::Full, &mut blocks);
        // It is kept for long.
        blocks.shrink_to_fit();
        Compressed { blocks: blocks.into(), sum }
    }
}

/// A member that grows.
pub(super) struct Gzip {
    out: Vec<u8>,
    compress: Compressor,
    sum: Crc,
}

/// One that its thread gets back.
struct Compressor(Option<Compress>);

thread_local! {
    static KEPT: RefCell<Option<Compress>> = const { RefCell::new(None) };
}

impl Gzip {
    /// A file name of random length blurs what the length would tell.
    pub(super) fn new() -> Gzip {
        let random = rand::rngs::OsRng.try_next_u32();
        let random = random.expect("the operating system has randomness");
        let mut out = HEADER.to_vec();
        out.resize(out.len() + (random % (NOISE_BYTES_MAX + 1)) as usize, b'x');
        out.push(0);
        Gzip { out, compress: Compressor::take(), sum: Crc::new() }
    }

    /// A piece that is followed by one that was compressed before.
    pub(super) fn write(&mut self, plain: &[u8]) {
        self.sum.update(plain);
        deflate(&mut self.compress, plain, FlushCompress::Full, &mut self.out);
    }

    pub(super) fn put(&mut self, piece: &Compressed) {
        self.out.extend_from_slice(&piece.blocks);
        self.sum.combine(&piece.sum);
    }

    /// The whole, which ends in this piece.
    pub(super) fn finish(mut self, plain: &[u8]) -> Bytes {
        let mut end = Crc::new();
        end.update(plain);
        self.sum.combine(&end);
        deflate(&mut self.compress, plain, FlushCompress::Finish, &mut self.out);
        self.out.extend_from_slice(&self.sum.sum().to_le_bytes());
        self.out.extend_from_slice(&self.sum.amount().to_le_bytes());
        self.out.into()
    }
}

impl Compressor {
    /// It makes blocks alone, without a header of their own.
    fn take() -> Compressor {
        let kept = KEPT.take();
        Compressor(Some(kept.unwrap_or_else(|| Compress::new(Compression::fast(), false))))
    }
}

impl Deref for Compressor {
    type Target = Compress;

    fn deref(&self) -> &Compress {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Compressor {
    fn deref_mut(&mut self) -> &mut Compress {
        self.0.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        if let Some(mut compress) = self.0.take() {
            compress.reset();
            // A thread that ends has nothing to keep it in any more.
            let _ = KEPT.try_with(|kept| *kept.borrow_mut() = Some(compress));
        }
    }
}

/// Compresses all of `plain` to the end of `out`.
fn deflate(compress: &mut Compress, plain: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
    let begin = compress.total_in();
    loop {
        out.reserve(plain.len() / 4 + 256);
        let done = usize::try_from(compress.total_in() - begin).expect("it is in memory");
        let status = compress.compress_vec(&plain[done..], out, flush);
        status.expect("compressing into memory does not fail");
        // Room that is left says that nothing waits inside.
        if out.len() < out.capacity() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    /// Text that hardly shrinks.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b'!' + u8::try_from((state >> 33) % 90).unwrap()
        };
        std::iter::repeat_with(next).take(bytes).collect()
    }

    fn unpacked(member: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        // It compares the sum and the length.
        GzDecoder::new(member).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn pieces_of_every_length_unpack_to_what_they_were_made_of() {
        for length in [0, 1, 255, 256, 300, 4_096, 70_000, 300_000] {
            let (one, other) = (noise(length), vec![b'a'; length]);
            let (first, second) = (Compressed::new(&one), Compressed::new(&other));
            let mut member = Gzip::new();
            member.write(&other);
            member.put(&first);
            member.put(&second);
            member.write(&one);
            member.put(&first);
            let member = member.finish(&one);
            assert!(unpacked(&member) == [&*other, &one, &other, &one, &one, &one].concat());
            assert!(unpacked(&Gzip::new().finish(&one)) == one);
        }
    }

    #[test]
    fn nothing_of_a_member_is_in_the_next_one() {
        let (one, other) = (noise(70_000), noise(300));
        let alone = |plain: &[u8]| Compressed::new(plain).blocks;
        let first = alone(&other);
        // Given up in the middle, with the words in its memory that the next could refer to.
        let mut begun = Gzip::new();
        begun.write(&one);
        drop(begun);
        assert_eq!(alone(&other), first);
        assert_eq!(unpacked(&Gzip::new().finish(&other)), other);
    }

    #[test]
    fn the_same_bytes_have_many_lengths() {
        let lengths = (0..200).map(|_| Gzip::new().finish(b"the same").len());
        assert!(lengths.collect::<std::collections::HashSet<_>>().len() > 10);
    }
}
