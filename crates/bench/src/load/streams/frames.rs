//! Frames of Server-Sent Events in the bytes of a stream.

use memchr::memmem;

/// A frame ends with an empty line (WHATWG HTML, 9.2.5).
pub const FRAME_END: &[u8] = b"\n\n";

/// Where the last complete frame ends; most reads end with it, or with the end of its chunk.
pub fn frames_end(bytes: &[u8]) -> Option<usize> {
    let without_chunk_end = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    if without_chunk_end.ends_with(FRAME_END) {
        return Some(without_chunk_end.len());
    }
    memmem::rfind(bytes, FRAME_END).map(|at| at + FRAME_END.len())
}

/// The value of the last `id:` line, looking back line by line.
pub fn last_id(frames: &[u8]) -> Option<&[u8]> {
    let mut rest = frames;
    while let Some(end) = memchr::memrchr(b'\n', rest) {
        let begin = memchr::memrchr(b'\n', &rest[..end]).map_or(0, |at| at + 1);
        if let Some(id) = rest[begin..end].strip_prefix(b"id: ") {
            return Some(id);
        }
        rest = &rest[..begin];
    }
    None
}

/// The name and the data of each frame that has both: heartbeats have neither.
///
/// The lengths between chunks of a chunked answer stand between frames and are passed over.
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            let end = memmem::find(rest, FRAME_END)?;
            let frame = &rest[..end];
            rest = &rest[end + FRAME_END.len()..];
            if let Some(found) = name_and_data(frame) {
                return Some(found);
            }
        }
    })
}

fn name_and_data(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut name, mut rest) = (None, frame);
    // The data is long and stands last: nothing of it is looked at.
    loop {
        if let Some(data) = rest.strip_prefix(b"data: ") {
            return Some((name?, data));
        }
        let end = memchr::memchr(b'\n', rest)?;
        if let Some(found) = rest[..end].strip_prefix(b"event: ") {
            name = Some(found);
        }
        rest = &rest[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_the_last_id() {
        assert_eq!(last_id(b"id: e.1\ndata: {}\n\nid: e.2\n\n"), Some(&b"e.2"[..]));
        assert_eq!(last_id(b"event: typing\ndata: {}\n\n"), None);
    }

    #[test]
    fn frames_have_names_and_data_between_the_ends_of_chunks() {
        let bytes = b"\r\n1f\r\nretry: 500\nevent: hello\ndata: {\"a\":1}\n\n\
            \r\n9\r\nid: e.1\n\nid: e.2\nevent: typing\ndata: {}\n\n";
        let found: Vec<_> = frames(bytes).collect();
        assert_eq!(found, [(&b"hello"[..], &b"{\"a\":1}"[..]), (&b"typing"[..], &b"{}"[..])]);
    }
}
