//! What the README shows is what the program prints.

mod support;

use support::{gh_connect, read};

#[test]
fn the_readme_shows_real_output() {
    let readme = read(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let shown = readme.split("$ gh-connect ").nth(1).and_then(|rest| {
        let (arguments, rest) = rest.split_once('\n')?;
        Some((arguments, rest.split_once("\n```")?.0))
    });
    let (arguments, shown) = shown.expect("an example");
    let mut command = gh_connect(arguments.split(' '));
    let output = command.env("COLUMNS", "100").output().expect("the program runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(lasting(shown), lasting(&printed), "run it with COLUMNS=100 and paste");
}

/// The words without those that differ from run to run: times and fingerprints.
fn lasting(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let differs = |at: usize| {
        let fingerprint = words[at].matches(':').count() > 2;
        let unit = ["ms", "s"].contains(&words[at]);
        let time = words.get(at + 1).is_some_and(|next| ["ms", "s"].contains(next));
        // A fingerprint that is broken at the end of a line goes on in the next.
        let rest = at > 0 && words[at - 1].matches(':').count() > 2 && words[at].contains(':');
        // The healthy world is attested today.
        let date = words[at].len() == 10 && words[at].split('-').map(str::len).eq([4, 2, 2]);
        fingerprint || unit || time || rest || date
    };
    (0..words.len()).filter(|at| !differs(*at)).map(|at| words[at]).collect()
}
