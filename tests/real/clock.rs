//! A machine whose clock is wrong: libfaketime sets it for the program alone.

use anyhow::Result;
use gh_connect_bench::github;

use crate::vantage::{check, island};

#[test]
fn two_minutes_off_is_too_much_and_twenty_seconds_are_a_warning() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    for offset in ["+120s", "-120s"] {
        let seen = check(&island).clock(offset).run()?;
        seen.failed_by("clock/skewed");
        assert_eq!(seen.state("origin"), "passed", "{offset}");
    }
    for offset in ["+20s", "-20s"] {
        check(&island).clock(offset).run()?.passed_with_warnings(&["clock/drifting"]);
    }
    check(&island).clock("+2s").run()?.passed_with_warnings(&[]);
    Ok(())
}
