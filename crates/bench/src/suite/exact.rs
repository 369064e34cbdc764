//! No gap, no repeat: every screen shows every acknowledged message once, also the screens that lose their connection.

use super::{send_request, stream_requests};
use crate::bench::Bench;
use crate::load::senders::{Pace, Senders};
use crate::load::streams::{Habits, Screens};
use crate::report::{Aim, Row};
use crate::seed::Seed;

const SENDERS: usize = 8;
const STREAMS: usize = 100;

/// How far the screens may be behind; see `streams`.
const BEHIND_MESSAGES_MAX: u64 = 500;

/// A screen that shows nothing for so long has all that it will get.
const QUIET_MAX_SECONDS: f64 = 3.0;

/// Once with connections that last, once with a tenth of them lost twice a second.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let data = bench.seeded("exact", Seed { accounts: STREAMS, messages: 0 })?;
    for lose_every_nth in [0, 10] {
        measure(bench, &data, Habits { count_messages: true, lose_every_nth })?;
    }
    Ok(())
}

fn measure(bench: &mut Bench, data: &std::path::Path, habits: Habits) -> anyhow::Result<()> {
    let server = bench.start(data)?;
    let screens = Screens::open(server.address, stream_requests(STREAMS), habits)?;
    let mut senders = Senders::connect(server.address, SENDERS, &send_request)?;
    let pace = Pace::AsShown { screens: &screens, messages_max: BEHIND_MESSAGES_MAX };
    let sent = senders.run(pace, bench.seconds)?;
    let expected = sent.count * STREAMS as u64;
    screens.wait_for(expected, QUIET_MAX_SECONDS);
    let (cut_off, resyncs) = screens.cut_off_and_resyncs();
    let deliveries = screens.deliveries();
    let counts = screens.close()?.counts;
    server.stop()?;
    let messages = usize::try_from(sent.count)?;
    let of = |wanted: fn(u8) -> bool| -> u64 {
        let each = counts.iter().map(|counts| {
            let numbers = sent.first_number..sent.first_number + messages;
            numbers.filter(|number| wanted(counts.get(*number).copied().unwrap_or(0))).count()
        });
        each.sum::<usize>() as u64
    };
    let (missing, doubled) = (of(|count| count == 0), of(|count| count > 1));
    let both = crate::clock::real(missing + doubled);
    let row = Row::new("exact")
        .with("senders", SENDERS)
        .with("streams", STREAMS)
        .with("connections lost", if habits.lose_every_nth > 0 { "20 a second" } else { "none" })
        .with("messages", sent.count)
        .with("deliveries", deliveries)
        .with("missing", missing)
        .with("doubled", doubled)
        .with("cut off", cut_off)
        .with("resyncs", resyncs)
        .with_aims(&[Aim::AtMost(0.0, "missing or doubled", Some(both))]);
    bench.report.add(row)
}
