//! What the client asks, and the people of this suite with it.

/// A route, and why it is asked: one that is asked for two reasons stands twice, because its answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    State,
    /// From the wish to the first frame.
    Events,
    Page,
    Older,
    Around,
    Receipts,
    Viewing,
    Presence,
    MarkRead,
    Typing,
    Draft,
    Send,
    Members,
    Thread,
    ThreadRead,
    Threads,
    UnreadThreads,
    React,
    Emoji,
    Edit,
    Me,
}

impl Route {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Route; 21] = [
        Route::State,
        Route::Events,
        Route::Page,
        Route::Receipts,
        Route::Viewing,
        Route::Presence,
        Route::UnreadThreads,
        Route::MarkRead,
        Route::Older,
        Route::Around,
        Route::Thread,
        Route::ThreadRead,
        Route::Threads,
        Route::Send,
        Route::React,
        Route::Edit,
        Route::Typing,
        Route::Draft,
        Route::Members,
        Route::Emoji,
        Route::Me,
    ];

    /// What a table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Route::State => "state",
            Route::Events => "events",
            Route::Page => "page",
            Route::Older => "older page",
            Route::Around => "page around",
            Route::Receipts => "receipts",
            Route::Viewing => "viewing",
            Route::Presence => "presence",
            Route::MarkRead => "mark read",
            Route::Typing => "typing",
            Route::Draft => "draft",
            Route::Send => "send",
            Route::Members => "members",
            Route::Thread => "thread",
            Route::ThreadRead => "thread read",
            Route::Threads => "threads",
            Route::UnreadThreads => "unread threads",
            Route::React => "react",
            Route::Emoji => "emoji",
            Route::Edit => "edit",
            Route::Me => "me",
        }
    }

    /// Method and path; `*` stands for what an address names.
    pub fn pattern(self) -> (&'static str, &'static str) {
        match self {
            Route::State => ("GET", "/state"),
            Route::Events => ("GET", "/events"),
            Route::Page | Route::Older | Route::Around => ("GET", "/messages/*"),
            Route::Receipts => ("GET", "/read_markers/*"),
            Route::Viewing => ("POST", "/viewing"),
            Route::Presence => ("POST", "/presence"),
            Route::MarkRead => ("POST", "/mark_read/*"),
            Route::Typing => ("POST", "/typing/*"),
            Route::Draft => ("POST", "/drafts/*"),
            Route::Send => ("POST", "/send/*"),
            Route::Members => ("GET", "/channel_members/*"),
            Route::Thread => ("GET", "/thread/*"),
            Route::ThreadRead => ("POST", "/thread/*/read"),
            Route::Threads | Route::UnreadThreads => ("GET", "/threads"),
            Route::React => ("POST", "/react/*"),
            Route::Emoji => ("GET", "/emoji"),
            Route::Edit => ("POST", "/edit/*"),
            Route::Me => ("GET", "/me"),
        }
    }

    /// Its place in lists of all.
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_stands_at_its_place() {
        let mut seen: Vec<_> = Route::ALL.iter().map(|route| route.index()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..Route::ALL.len()).collect::<Vec<_>>());
    }
}
