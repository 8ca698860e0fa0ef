//! What the command line says: help, errors and examples, word for word.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes down what it says now.

#[test]
fn what_the_command_line_says() {
    let cases = trycmd::TestCases::new();
    for variable in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "CLICOLOR_FORCE",
        "COLUMNS",
    ] {
        // Empty is not set.
        cases.env(variable, "");
    }
    cases.case("tests/cli/*.trycmd").case("docs/configuration.md");
}
