//! Colours, characters and width: what the reader's end can show.

use crate::{
    cli::Appearance,
    environment::Environment,
    platform::Terminals,
    report::{Detail, Look},
};

/// What `--color` said, if it was one of its words; until everything is understood, errors have to look like something.
pub(crate) fn said_color(appearance: &Appearance) -> Option<bool> {
    match appearance.color.as_deref() {
        Some("always") => Some(true),
        Some("never") => Some(false),
        _ => None,
    }
}

/// Whether to use colours. A word wins; then NO_COLOR, CLICOLOR_FORCE, CLICOLOR, and a terminal that is not dumb (or a CI,
/// whose logs show colours although their TERM does not say so).
pub(crate) fn color(said: Option<bool>, environment: &Environment, terminal: bool) -> bool {
    let force = environment.text("CLICOLOR_FORCE").is_some_and(|force| force != "0");
    let off = environment.text("CLICOLOR") == Some("0");
    let dumb = environment.text("TERM") == Some("dumb") && environment.text("CI").is_none();
    match said {
        Some(said) => said,
        None if environment.text("NO_COLOR").is_some() => false,
        None => force || (!off && terminal && !dumb),
    }
}

/// Whether progress is shown in plain lines, even on a terminal: in the log of a CI, on a dumb terminal, and for a screen reader, which
/// reads out each change of a line. The names are those of `gh`.
pub(crate) fn wants_lines(environment: &Environment) -> bool {
    let is_on = |name: &str| {
        let off = ["", "0", "false", "no"];
        environment.text(name).is_some_and(|said| !off.contains(&said.to_ascii_lowercase().as_str()))
    };
    environment.text("CI").is_some()
        || environment.text("TERM") == Some("dumb")
        || is_on("GH_SPINNER_DISABLED")
        || is_on("GH_ACCESSIBLE_PROMPTER")
}

/// How a report looks on stdout.
pub(crate) fn of_stdout(
    appearance: &Appearance,
    said: Option<bool>,
    environment: &Environment,
    terminals: &Terminals,
) -> Look {
    let columns = environment.text("COLUMNS").and_then(|columns| columns.parse().ok());
    Look {
        color: color(said, environment, terminals.stdout),
        unicode: unicode(environment),
        width: terminals.width.or(columns).unwrap_or(USUAL_WIDTH),
        detail: detail(appearance),
    }
}

/// How progress looks on stderr.
pub(crate) fn of_stderr(
    appearance: &Appearance,
    said: Option<bool>,
    environment: &Environment,
    terminals: &Terminals,
) -> Look {
    let color = color(said, environment, terminals.stderr);
    Look { color, ..of_stdout(appearance, said, environment, terminals) }
}

/// How a report looks in a file: the same wherever it was made.
pub(crate) fn of_file(appearance: &Appearance, said: Option<bool>) -> Look {
    Look { color: said == Some(true), unicode: true, width: USUAL_WIDTH, detail: detail(appearance) }
}

fn detail(appearance: &Appearance) -> Detail {
    match appearance {
        Appearance { quiet: true, .. } => Detail::Quiet,
        Appearance { verbose: 1.., .. } => Detail::Verbose,
        Appearance { .. } => Detail::Normal,
    }
}

/// Whether more than ASCII can be shown. Only a locale that says otherwise says no: containers have none at all.
fn unicode(environment: &Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.text(name));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

const USUAL_WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_reader_gets_lines() {
        for (name, value, lines) in [
            ("NO_COLOR", "1", false),
            ("TERM", "xterm", false),
            ("TERM", "dumb", true),
            ("CI", "true", true),
            ("GH_SPINNER_DISABLED", "1", true),
            ("GH_SPINNER_DISABLED", "yes", true),
            ("GH_SPINNER_DISABLED", "0", false),
            ("GH_SPINNER_DISABLED", "False", false),
            ("GH_SPINNER_DISABLED", "", false),
            ("GH_ACCESSIBLE_PROMPTER", "enabled", true),
        ] {
            let environment = [(name.to_owned(), value.to_owned())].into_iter().collect();
            assert_eq!(wants_lines(&environment), lines, "{name}={value}");
        }
    }

    #[test]
    fn the_conventions_about_colours_are_honoured() {
        type Variables = &'static [(&'static str, &'static str)];
        let rows: &[(Option<bool>, Variables, bool, bool)] = &[
            (None, &[], true, true),
            (None, &[], false, false),
            (None, &[("NO_COLOR", "1")], true, false),
            (None, &[("NO_COLOR", "")], true, true),
            (None, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, false),
            (None, &[("CLICOLOR_FORCE", "1")], false, true),
            (None, &[("CLICOLOR_FORCE", "0")], false, false),
            (None, &[("CLICOLOR", "0")], true, false),
            (None, &[("TERM", "dumb")], true, false),
            (None, &[("TERM", "dumb"), ("CI", "true")], true, true),
            (None, &[("CI", "true")], false, false),
            (Some(true), &[("NO_COLOR", "1")], false, true),
            (Some(false), &[("CLICOLOR_FORCE", "1")], true, false),
        ];
        for (said, variables, terminal, expected) in rows {
            let environment =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(color(*said, &environment, *terminal), *expected, "{said:?} {variables:?} {terminal}");
        }
    }
}
