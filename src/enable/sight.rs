//! How long a window has shown what it shows: whether its page stands still, and whether it ever will.

use std::time::Duration;

use gh_connect_enable::flow::Page;
use tokio::time::Instant;

/// What was seen of a window so far.
pub(super) struct Sight {
    last: Option<Page>,
    /// How many looks in a row saw the same.
    same: u32,
    /// Since when the window has been at this place, whatever its page does there.
    here: Instant,
    /// When the page last stood still, or came, and how often it has changed since then.
    moving: Instant,
    changes: u32,
    /// Since when nothing is told of the page.
    silent: Option<Instant>,
    /// After so long a page that has not stood still is taken for one that never will.
    limit: Duration,
}

impl Sight {
    pub(super) fn new(patience: Duration) -> Self {
        let now = Instant::now();
        let limit = MOST_MOVING.min(patience);
        Self { last: None, same: 0, here: now, moving: now, changes: 0, silent: None, limit }
    }

    /// Takes a page, and says of it how long it has been there. Whether it is another than before, too.
    pub(super) fn takes(&mut self, page: Page) -> (Page, bool) {
        let is_new = self.last.as_ref() != Some(&page);
        let is_here = self
            .last
            .as_ref()
            .is_some_and(|last| (&last.authority, &last.path) == (&page.authority, &page.path));
        match (is_here, is_new) {
            (false, _) => self.begins_anew(),
            (true, true) => (self.same, self.changes) = (0, self.changes.saturating_add(1)),
            (true, false) => self.same = self.same.saturating_add(1),
        }
        let (steady, settled) = (self.same >= STEADY_AFTER, self.same >= SETTLED_AFTER);
        if settled {
            (self.moving, self.changes) = (Instant::now(), 0);
        }
        self.silent = None;
        self.last = Some(page.clone());
        (Page { steady, settled, restless: self.is_restless(), ..page }, is_new)
    }

    /// Takes it that the page was just being left; then it, if that never ends.
    pub(super) fn is_left(&mut self) -> Option<Page> {
        self.changes = self.changes.saturating_add(1);
        let last = self.last.clone().filter(|_| self.is_restless())?;
        Some(Page { restless: true, ..last })
    }

    /// Takes it that nothing was told of the page. For how long by now.
    pub(super) fn silent_for(&mut self) -> Duration {
        self.silent.get_or_insert_with(Instant::now).elapsed()
    }

    /// Something was done: what is waited for begins now.
    pub(super) fn begins_anew(&mut self) {
        let now = Instant::now();
        (self.same, self.changes, self.here, self.moving) = (0, 0, now, now);
    }

    /// The page that was seen last.
    pub(super) fn last(&self) -> Option<&Page> {
        self.last.as_ref()
    }

    /// How long the window has been at this place.
    pub(super) fn here_for(&self) -> Duration {
        self.here.elapsed()
    }

    /// Whether each look takes so long that after all this time the page is not known to stand still, though it hardly changes.
    pub(super) fn is_slow(&self, limit: Duration) -> bool {
        self.same < STEADY_AFTER && self.changes < FEW_CHANGES && self.here_for() > limit
    }

    fn is_restless(&self) -> bool {
        self.changes >= MOST_CHANGES && self.moving.elapsed() > self.limit
    }
}

/// So many looks at a page that does not change: nothing moves under the pointer any more.
const STEADY_AFTER: u32 = 2;
/// So many looks at the same page: longer than a page takes to load.
const SETTLED_AFTER: u32 = 8;
/// A page that loads changes a few times.
const MOST_CHANGES: u32 = 20;
/// And one that is slow to tell only these.
const FEW_CHANGES: u32 = 5;
const MOST_MOVING: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn page(path: &str, document: usize) -> Page {
        Page {
            authority: "a:443".to_owned(),
            path: path.to_owned(),
            document: document.to_string(),
            ..Page::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_settles() {
        let mut sight = Sight::new(Duration::from_secs(900));
        let mut seen = Vec::new();
        for _ in 0..9 {
            let (page, is_new) = sight.takes(page("/a", 1));
            seen.push((page.steady, page.settled, is_new));
        }
        assert_eq!((seen[0], seen[1]), ((false, false, true), (false, false, false)));
        assert_eq!((seen[2], seen[8]), ((true, false, false), (true, true, false)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_never_stands_still_is_restless_in_the_end() {
        for (patience, limit) in [(900, 60), (20, 20)] {
            let mut sight = Sight::new(Duration::from_secs(patience));
            let mut took = Duration::ZERO;
            while !sight.takes(page("/a", took.as_millis() as usize)).0.restless {
                advance(Duration::from_secs(1)).await;
                took += Duration::from_secs(1);
                assert!(took.as_secs() <= 70, "it changes for ever");
            }
            assert!(took.as_secs() > limit, "{took:?}");
            assert_eq!(sight.here_for(), took, "what it does at its place is no news");
            // Another page begins anew, and one that stands still is not restless.
            assert!(!sight.takes(page("/b", 1)).0.restless);
            assert_eq!(sight.here_for(), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_silent_until_it_tells_something() {
        let mut sight = Sight::new(Duration::from_secs(900));
        assert_eq!(sight.silent_for(), Duration::ZERO);
        advance(Duration::from_secs(7)).await;
        assert_eq!(sight.silent_for().as_secs(), 7);
        sight.takes(page("/a", 1));
        assert_eq!(sight.silent_for(), Duration::ZERO);
        // It tells something, and takes its time.
        advance(Duration::from_secs(20)).await;
        sight.takes(page("/a", 1));
        assert!(sight.is_slow(Duration::from_secs(10)) && !sight.is_slow(Duration::from_secs(30)));
        (0..9).for_each(|_| _ = sight.takes(page("/a", 1)));
        assert!(!sight.is_slow(Duration::from_secs(10)), "it stands still");
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_left_again_and_again_is_restless_too() {
        let mut sight = Sight::new(Duration::from_secs(20));
        assert!(sight.is_left().is_none());
        sight.takes(page("/a", 1));
        for _ in 0..19 {
            advance(Duration::from_secs(2)).await;
            assert!(sight.is_left().is_none());
        }
        assert_eq!(sight.is_left().map(|page| (page.path, page.restless)), Some(("/a".to_owned(), true)));
        // A server that is slow changes nothing.
        let mut sight = Sight::new(Duration::from_secs(20));
        for _ in 0..9 {
            sight.takes(page("/a", 1));
        }
        advance(Duration::from_secs(300)).await;
        assert!(!sight.takes(page("/a", 1)).0.restless && !sight.takes(page("/a", 2)).0.restless);
    }
}
