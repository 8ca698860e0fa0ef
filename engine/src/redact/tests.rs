use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, sample::Index};

use super::*;

/// A password that other programs must not write as it is, and that nobody writes by accident.
const PASSWORDS: &str = "[a-zA-Z0-9]{1,3}[ -~ß€ü😀\u{ad}\u{200d}\u{3164}]{6,20}[!-\\[\\]-~]{5}";

/// The same, all of it visible and without what escapes begin with in JSON: cut apart it is ambiguous.
const VISIBLE: &str = "[a-zA-Z0-9]{1,3}[ -\\[\\]-~ß€ü😀]{6,20}[!-$&-\\[\\]-~]{5}";

type OfACharacter = fn(char) -> String;
type OfBytes = fn(&[u8]) -> String;

/// How other programs write a character, by the name of the form.
const OF_A_CHARACTER: [(&str, OfACharacter); 14] = [
    ("plain", |c| c.to_string()),
    ("RFC 3986", |c| percent(c, UNRESERVED)),
    ("RFC 3986, small letters", |c| small(&percent(c, UNRESERVED))),
    ("all but letters and digits", |c| percent(c, NON_ALPHANUMERIC)),
    ("every byte", |c| c.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect()),
    ("form", |c| url::form_urlencoded::byte_serialize(c.to_string().as_bytes()).collect()),
    ("twice", |c| utf8_percent_encode(&percent(c, UNRESERVED), UNRESERVED).to_string()),
    ("JSON", json),
    ("JSON in ASCII", |c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()),
    ("JSON in JSON", |c| json(c).chars().map(json).collect()),
    ("HTML", html),
    ("HTML, decimal", |c| format!("&#{};", u32::from(c))),
    ("HTML, hexadecimal", |c| format!("&#x{:X};", u32::from(c))),
    ("shown", |c| crate::shown(&c.to_string(), 20)),
];

/// How other programs write a text of bytes, whatever stands before it.
const OF_BYTES: [(&str, OfBytes); 8] = [
    ("base64", |bytes| BASE64_STANDARD.encode(bytes)),
    ("base64 for URLs", |bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes)),
    ("base64 in a URL", |bytes| utf8_percent_encode(&BASE64_STANDARD.encode(bytes), UNRESERVED).to_string()),
    ("base64 in JSON", |bytes| BASE64_STANDARD.encode(bytes).replace('/', "\\/")),
    ("base64 twice", |bytes| BASE64_STANDARD.encode(BASE64_STANDARD.encode(bytes))),
    ("base64 in lines", |bytes| {
        let letters: Vec<char> = BASE64_STANDARD.encode(bytes).chars().collect();
        letters.chunks(7).map(|line| line.iter().collect::<String>() + "\r\n ").collect()
    }),
    ("hexadecimal", |bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    ("hexadecimal, capitals", |bytes| bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
];

/// What stands for the rest of a secret.
const MASKS: [&str; 18] = [
    "****",
    "**",
    "…",
    "...",
    "..",
    "⋯",
    "••••",
    "●●●●",
    "＊＊＊",
    "∗∗∗",
    "····",
    "████",
    "----",
    "____",
    "xxxx",
    "[REDACTED]",
    "<snip>",
    "&hellip;",
];

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn percent(c: char, set: &'static AsciiSet) -> String {
    utf8_percent_encode(&c.to_string(), set).to_string()
}

/// Hexadecimal digits in small letters.
fn small(text: &str) -> String {
    if text.starts_with('%') { text.to_lowercase() } else { text.to_owned() }
}

fn json(c: char) -> String {
    let quoted = serde_json::json!(c).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn html(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        'ü' => "&uuml;".to_owned(),
        'ß' => "&szlig;".to_owned(),
        other => other.to_string(),
    }
}

fn knowing(password: &str) -> Redactor {
    let mut redactor = Redactor::new();
    redactor.learn_pair(&Secret::new("canary"), &Secret::new(password));
    redactor
}

/// What is left between the parentheses.
fn left(redactor: &Redactor, form: &str) -> String {
    let text = format!("the proxy sent ({form}) today");
    let clean = redactor.clean(&text).into_owned();
    assert_eq!(redactor.clean_report(&text), clean);
    let left = clean.strip_prefix("the proxy sent (").and_then(|clean| clean.strip_suffix(") today"));
    left.unwrap_or(&clean).to_owned()
}

/// Whether a plain text holds what a program that undoes escapes would read as one.
fn looks_escaped(text: &str) -> bool {
    text.contains(['\\', '&'])
        || text.match_indices('%').any(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_hexdigit()))
}

/// What is left of an unfinished escape that begins with the very character that it stands for.
fn rest_of_escape(begun: &str, next: Option<&char>) -> Option<String> {
    let mut characters = begun.chars();
    (characters.next().as_ref() == next).then(|| characters.collect())
}

proptest! {
    #[test]
    fn no_form_of_a_password_survives(password in PASSWORDS) {
        // An octal escape of which a character that nobody sees is part is another text with every notation.
        prop_assume!(!(password.contains('\\') && password.contains(['\u{ad}', '\u{200d}', '\u{3164}'])));
        let redactor = knowing(&password);
        for (name, write) in OF_A_CHARACTER {
            let form: String = password.chars().map(write).collect();
            prop_assert_eq!(left(&redactor, &form), REDACTED, "{} {}", name, form);
        }
        for form in [password.to_ascii_uppercase(), password.to_ascii_lowercase()] {
            prop_assert_eq!(left(&redactor, &form), REDACTED, "{}", form);
        }
    }

    #[test]
    fn no_code_of_a_password_survives(password in PASSWORDS, before in "[a-z ]{0,5}", after in "[a-z ]{0,5}") {
        let redactor = knowing(&password);
        let encoded = utf8_percent_encode(&password, UNRESERVED).to_string();
        for (name, write) in OF_BYTES {
            for text in [&password, &encoded].into_iter().take(if name == "base64 twice" { 1 } else { 2 }) {
                let form = write(format!("{before}{text}{after}").as_bytes());
                let left = left(&redactor, &form).replace("\r\n ", "");
                // The letters that hold nothing of it.
                let most = write(before.as_bytes()).len() + write(after.as_bytes()).len() + "%3D%3D".len();
                prop_assert!(left.contains(REDACTED) && left.len() <= most + REDACTED.len(), "{} {} {}", name, form, left);
            }
        }
    }

    #[test]
    fn no_form_survives_in_two_lines_or_with_something_invisible_in_it(password in VISIBLE, at: Index) {
        let redactor = knowing(&password);
        for (name, write) in OF_A_CHARACTER {
            let pieces: Vec<String> = password.chars().map(write).collect();
            let (before, after) = pieces.split_at(at.index(pieces.len()));
            let next = password.chars().nth(before.len());
            for between in ["\n", "\r\n    ", "\\n", "\u{200b}", "\\u00ad", "&shy;"] {
                // It is not known where the indent ends.
                if !before.is_empty() && next != Some(' ') {
                    let form = format!("{}{between}{}", before.concat(), after.concat());
                    prop_assert_eq!(left(&redactor, &form), REDACTED, "{} {}", name, form);
                }
            }
        }
    }

    #[test]
    fn no_form_survives_in_a_page_that_cuts_it(password in "[a-zA-Z0-9]{1,3}[!-$\\(-;=\\]-~ü]{8,20}[a-zA-Z0-9]{5}", at: Index) {
        let redactor = knowing(&password);
        for (name, write) in OF_A_CHARACTER {
            let pieces: Vec<String> = password.chars().map(write).collect();
            let (before, after) = pieces.split_at(at.index(pieces.len()));
            for between in
                ["<br>", "<wbr/>", "</td>\n  <td class=\"x\">", "<!-- -->", "&nbsp;", " <b> ", "\u{a0}", "\\u003cbr\\u003e", "&lt;br&gt;"]
            {
                let form = format!("{}{between}{}", before.concat(), after.concat());
                let clean = redactor.clean(&form);
                let rest = clean.strip_prefix(between).unwrap_or(&clean);
                prop_assert_eq!(rest, REDACTED, "{} {}", name, form);
            }
        }
    }

    #[test]
    fn no_list_of_its_bytes_survives(password in "[a-zA-Z0-9]{1,3}[ -~ü]{8,20}[a-zA-Z0-9]{5}") {
        let redactor = knowing(&password);
        let list = |write: fn(&u8) -> String, between| password.bytes().map(|byte| write(&byte)).collect::<Vec<_>>().join(between);
        let hex: fn(&u8) -> String = |byte| format!("{byte:02x}");
        let two: Vec<String> = password.as_bytes().chunks(2).map(|two| two.iter().map(hex).collect()).collect();
        let mut forms = [":", " ", "-", ", ", "  "].map(|between| list(hex, between)).to_vec();
        forms.retain(|form| !form.contains("  "));
        forms.extend([",", ", ", " "].map(|between| list(|byte| byte.to_string(), between)));
        forms.extend([",", ", ", " "].map(|between| list(|byte| format!("0x{byte:02X}"), between)));
        forms.push(two.join(" "));
        for form in forms {
            let text = left(&redactor, &format!("[{form}]"));
            let expected = if form.starts_with("0x") { "[0x[redacted]]" } else { "[[redacted]]" };
            prop_assert_eq!(text, expected, "{}", form);
        }
    }

    #[test]
    fn eight_characters_before_an_ellipsis_are_enough(password in VISIBLE, at: Index, within: Index) {
        let redactor = knowing(&password);
        for (name, write) in OF_A_CHARACTER {
            let characters: Vec<char> = password.chars().collect();
            let (known, rest) = characters.split_at(at.index(characters.len()));
            let next: Vec<char> = rest.iter().copied().map(write).next().unwrap_or_default().chars().collect();
            let begun: String = next[..within.index(next.len())].iter().collect();
            let form = format!("{}{begun}", known.iter().copied().map(write).collect::<String>());
            for ellipsis in ["…", "...", "\\u2026", "&hellip;"] {
                // A secret that holds what looks like an escape is another text, and a shorter one, where anything has to be unescaped.
                let known: String = known.iter().collect();
                let misread = looks_escaped(&password) && (ellipsis.starts_with(['\\', '&']) || form != known);
                if known.len() >= 8 && !form.ends_with('\\') && !misread {
                    let left = left(&redactor, &format!("{form}{ellipsis}"));
                    // A dot of it may be the secret's last.
                    let rest = left.strip_prefix(REDACTED).unwrap_or(&form);
                    // An escape of `&` or `%` begins with the character itself: that is taken out, and the rest of the escape is no
                    // part of the secret.
                    let itself = rest_of_escape(&begun, characters.get(known.chars().count()));
                    let ends = ellipsis.ends_with(rest) || itself.is_some_and(|rest_of| format!("{rest_of}{ellipsis}") == rest);
                    prop_assert!(ends, "{} {}: {}", name, form, left);
                }
            }
        }
    }

    #[test]
    fn eight_characters_after_a_mask_are_enough(password in "[!-$(-;=-\\[\\]-~]{12,30}", at: Index) {
        let redactor = knowing(&password);
        let shown = &password[at.index(password.len() - 8)..];
        for mask in MASKS {
            let clean = redactor.clean(&format!("token {mask}{shown} is wrong")).into_owned();
            prop_assert!(!clean.contains(&shown[3..]), "{} {}: {}", mask, shown, clean);
        }
    }

    #[test]
    fn eight_characters_before_a_mask_are_enough(password in "[!-$(-;=-Z^-~]{12,30}", at: Index) {
        let redactor = knowing(&password);
        let shown = &password[..8 + at.index(password.len() - 8)];
        for mask in MASKS {
            let clean = redactor.clean(&format!("token {shown}{mask} is wrong")).into_owned();
            prop_assert!(!clean.contains(&shown[..shown.len() - 3]), "{} {}: {}", mask, shown, clean);
        }
    }

    #[test]
    fn most_of_a_long_secret_is_no_accident(password in "[!-~]{26,40}", first in 0..10_usize, last in 0..10_usize) {
        let redactor = knowing(&password);
        for part in [&password[first..], &password[..password.len() - last]] {
            let clean = redactor.clean(&format!("it's '{part}' here")).into_owned();
            prop_assert!(!clean.contains(part), "{} {}", part, clean);
        }
    }

    #[test]
    fn what_is_no_secret_stays(text in ".{0,200}", password in "[!-~]{12,24}") {
        let redactor = knowing(&password);
        prop_assert_eq!(redactor.clean(&text), text.as_str());
        prop_assert_eq!(Redactor::new().clean(&text), text.as_str());
    }

    #[test]
    fn any_text_is_cleaned(text in r"(secret4711|[%\\&;{}#…a-f0-9ux\n ü]|c2VjcmV0NDcxMQ|7365637265743437){0,40}") {
        let redactor = knowing("secret4711");
        let clean = redactor.clean(&text).into_owned();
        prop_assert!(!clean.contains("secret4711"), "{}", clean);
    }
}

#[test]
fn a_short_secret_is_a_word_and_no_part_of_one() {
    let mut redactor = Redactor::new();
    redactor.learn_pair(&Secret::new("user"), &Secret::new("pass"));
    for (text, clean) in [
        ("pass", "[redacted]"),
        ("passed, bypass, pass@proxy pass", "passed, bypass, [redacted]@proxy [redacted]"),
        ("passpass pass", "passpass [redacted]"),
        ("PASS, %70ass, &#112;ass", "PASS, [redacted], [redacted]"),
        ("…pass… äpass passß", "…[redacted]… äpass passß"),
        ("user:passed", "[redacted]ed"),
        ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        ("cGFzcw==", "[redacted]=="),
    ] {
        assert_eq!(redactor.clean(text), clean);
    }
    assert_eq!(redactor.clean_report("pass dXNlcjpwYXNz"), "pass [redacted]");
}

#[test]
fn a_password_is_found_in_another_encoding() {
    let redactor = knowing("çafé-4711-été");
    let latin: Vec<u8> = "çafé-4711-été".chars().map(|c| c as u8).collect();
    for form in [
        latin.iter().map(|byte| format!("%{byte:02X}")).collect(),
        latin.iter().map(|byte| format!("\\{byte:03o}")).collect(),
        BASE64_STANDARD.encode(&latin),
        String::from_utf8_lossy(&latin).into_owned(),
        "çafé-4711-été".bytes().map(char::from).collect::<String>(),
        "&ccedil;af&eacute;-4711-&eacute;t&eacute;".to_owned(),
    ] {
        let left = left(&redactor, &form);
        assert_eq!(left.trim_end_matches('='), REDACTED, "{form}");
    }
}

/// Whoever looks for something in base64 takes what does not depend on its neighbours.
#[test]
fn the_inside_of_a_code_is_enough() {
    let redactor = knowing("correct horse battery");
    for before in ["x", "xx"] {
        let letters = BASE64_STANDARD.encode(format!("{before}correct horse battery"));
        for part in [&letters[4..], &letters[4..letters.len() - 4]] {
            assert_eq!(left(&redactor, part).trim_end_matches('='), REDACTED, "{part}");
        }
    }
}

#[test]
fn what_everybody_knows_of_a_token_is_no_secret() {
    let mut redactor = Redactor::new();
    redactor.learn(&Secret::new("github_pat_11ABCDEFG0123456789"));
    assert_eq!(redactor.clean("a token github_pat_… is asked for"), "a token github_pat_… is asked for");
    assert_eq!(redactor.clean("github_pat_11AB…"), "[redacted]…");
    assert_eq!(redactor.clean("it is github_pat_11ABCDEFG"), "it is [redacted]");
    assert_eq!(redactor.clean("it is github_pat_11ABC"), "it is github_pat_11ABC");
    assert_eq!(redactor.clean("it is 11ABCDEFG0123456789"), "it is [redacted]");
}

/// The user of a proxy is no secret, however long the name.
#[test]
fn a_user_is_no_part_of_a_password() {
    let mut redactor = Redactor::new();
    redactor.learn_pair(&Secret::new("service-account-of-the-proxy"), &Secret::new("hunter2hunter2"));
    for text in
        ["service-account-of-the-proxy", "service-account-of-the-proxy:…", "service-account-of-the-proxy: x"]
    {
        assert_eq!(redactor.clean(text), text);
    }
    assert_eq!(redactor.clean("service-account-of-the-proxy:hunter2hunter2"), "[redacted]");
    assert_eq!(redactor.clean("service-account-of-the-proxy:hunter2h…"), "[redacted]…");
}

#[test]
fn what_is_judged_keeps_its_words() {
    let mut redactor = Redactor::new();
    redactor.learn(&Secret::new("maintenance"));
    for text in ["in maintenance mode", "MAINTENANCE", "<title>maintenance</title> maintenance-mode"] {
        assert_eq!(redactor.clean_hidden(text), text);
    }
    assert_eq!(redactor.clean_hidden("mainte<br>nance, %6daintenance"), "[redacted], [redacted]");
}

#[test]
fn a_secret_says_nothing() {
    assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
    assert_eq!(format!("{:?}", knowing("hunter2")), "Redactor of 2 secrets");
}

/// Whoever sends it decides how long a text takes.
#[test]
fn a_hostile_text_takes_no_longer_than_it_is_long() {
    let redactor = knowing("aaaaaaaaaaaaaaaa/pass");
    for text in ["a".repeat(1 << 16), "%25".repeat(1 << 14), "YWFh".repeat(1 << 14), "\\".repeat(1 << 16)] {
        assert!(redactor.clean(&text).len() <= text.len());
    }
}
