//! The real clock: the lab is the outside world, so the program's own view of time is none of its business.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The present.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from(SystemTime::now())
}

/// The present in seconds since 1970.
pub(crate) fn unix_time() -> u64 {
    let since = SystemTime::from(now()).duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}
