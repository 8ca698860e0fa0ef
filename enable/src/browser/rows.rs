//! From a tree of roles and names to the elements that match a row. Pure; what matches nothing is dropped here.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    browser::{Looked, place},
    flow::{Beside, Match},
    pages::{self, Row},
};

/// A node of the accessibility tree. A parent comes before its children.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) role: String,
    pub(super) name: String,
    pub(super) disabled: bool,
    /// The place of its parent in the list.
    pub(super) parent: Option<usize>,
    pub(super) handle: String,
    /// Where it leads, for a link.
    pub(super) link: String,
}

/// What a person sees around an element: what the tree of roles and names tells does not say whether it is seen.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Read {
    /// Whether the element's own content is seen.
    pub(super) seen: bool,
    /// The texts of its row, but for those of buttons.
    texts: Vec<String>,
    /// Where the links of its row lead: the path alone, for the page's own site.
    links: Vec<String>,
    /// The headings of the page, and the texts about a connection, outside its rows and navigation.
    named: Vec<String>,
}

/// The function that reads it, the same for both kinds of browsers.
pub(super) const READ: &str = include_str!("read.js");
/// The name of the world in which it runs, apart from the page's own scripts.
pub(super) const WORLD: &str = "gh-connect";

impl Read {
    /// From the function's answer. What cannot be read says nothing.
    pub(super) fn parse(answer: &Value) -> Self {
        answer.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Whose row it is.
    pub(super) fn whose(&self, looked: &Looked) -> Beside {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        let links: Vec<&str> = self.links.iter().map(String::as_str).collect();
        whose(&texts, &links, looked)
    }

    /// A match of the row about the server that the page names, where it names another.
    pub(super) fn other_server(&self, handle: &str, looked: &Looked) -> Option<Match> {
        let is_other = self.named.iter().any(|text| names_other_server(text, looked));
        let (row, handle) = (pages::SELECTION_SERVER.id, handle.to_owned());
        is_other.then_some(Match { row, beside: Beside::Other, handle })
    }
}

/// Everything in the tree that matches a row.
pub(super) fn matches(nodes: &[Node], looked: &Looked) -> Vec<Match> {
    looked_for()
        .flat_map(|row| {
            let found = match row.role {
                "text" => with_text(nodes, &text_of(row, looked)),
                _ => (0..nodes.len())
                    .filter(|at| is(row, &nodes[*at]) && !(is_pressed(row) && nodes[*at].disabled))
                    .collect(),
            };
            found.into_iter().map(move |at| Match {
                row: row.id,
                beside: if row.id == pages::CONNECT.id { beside(nodes, at, looked) } else { Beside::Unclear },
                handle: nodes[at].handle.clone(),
            })
        })
        .collect()
}

/// The rows about elements that are pressed or read.
pub(super) fn looked_for() -> impl Iterator<Item = &'static Row> {
    let apart = [pages::ACCOUNT.id, pages::SELECTION_SERVER.id];
    pages::ALL.iter().copied().filter(move |row| !row.role.is_empty() && !apart.contains(&row.id))
}

/// Whether its element is pressed: one that is disabled is none then.
pub(super) fn is_pressed(row: &Row) -> bool {
    [pages::ENABLE.id, pages::COMPLETE.id, pages::CONNECT.id].contains(&row.id)
}

fn is(row: &Row, node: &Node) -> bool {
    node.role == row.role && node.name.trim() == row.name
}

/// The innermost nodes that hold a text, also where a link or a bold word divides it.
fn with_text(nodes: &[Node], part: &str) -> Vec<usize> {
    let mut texts: Vec<String> = nodes.iter().map(|node| format!("{} ", node.name)).collect();
    for (at, node) in nodes.iter().enumerate().filter(|(_, node)| node.role == "StaticText") {
        for up in ancestors(nodes, at) {
            texts[up].push_str(&node.name);
        }
    }
    let has: Vec<bool> = texts.iter().map(|text| contains(text, part)).collect();
    let mut innermost = has.clone();
    for parent in (0..nodes.len()).filter(|at| has[*at]).filter_map(|at| nodes[at].parent) {
        innermost[parent] = false;
    }
    (0..nodes.len()).filter(|at| innermost[*at]).collect()
}

/// Who is signed in: the one image in the header that is named after an account. The rest of a page has such images, too.
pub(super) fn account(nodes: &[Node]) -> Option<String> {
    let in_header = |at: &usize| ancestors(nodes, *at).any(|up| nodes[up].role == "banner");
    let images = (0..nodes.len()).filter(|at| nodes[*at].role == "image").filter(in_header);
    only_login(images.map(|at| nodes[at].name.as_str()))
}

/// The one name among several that is an account's, `@octo-owner`, without its mark.
pub(super) fn only_login<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let is_login = |login: &&str| {
        (1..=MOST_LOGIN).contains(&login.len())
            && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let mut logins = names.filter_map(|name| name.trim().strip_prefix('@')).filter(is_login);
    logins.next().filter(|first| logins.all(|other| other == *first)).map(str::to_owned)
}

const MOST_LOGIN: usize = 100;

/// A row's text with the server's name in it.
pub(super) fn text_of(row: &Row, looked: &Looked) -> String {
    row.name.replace("HOST", &looked.server)
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// The account beside a button: the one that the list item or row around it names. What stands elsewhere on the page, in a
/// switcher of accounts for example, says nothing about the button.
fn beside(nodes: &[Node], button: usize, looked: &Looked) -> Beside {
    let Some(row) = ancestors(nodes, button).find(|up| AROUND.contains(&nodes[*up].role.as_str())) else {
        return Beside::Unclear;
    };
    let under = |at: usize, top: usize| ancestors(nodes, at).any(|up| up == top);
    let within: Vec<usize> = (0..nodes.len()).filter(|at| under(*at, row)).collect();
    if within.iter().filter(|at| is(pages::CONNECT, &nodes[**at])).count() != 1 {
        return Beside::Unclear;
    }
    let read = within.iter().filter(|at| **at != button && !under(**at, button)).map(|at| &nodes[*at]);
    let read: Vec<&Node> = read.filter(|node| ["StaticText", "link"].contains(&node.role.as_str())).collect();
    let texts: Vec<&str> = read.iter().map(|node| node.name.as_str()).collect();
    let links: Vec<&str> = read.iter().map(|node| node.link.as_str()).collect();
    whose(&texts, &links, looked)
}

/// Whose row it is, by its texts and by where its links lead. Only a slug names one account, and several may share a display name,
/// which may look like a slug: so a text is taken for the slug only beside the display name, and a link where it leads to the account.
pub(super) fn whose(texts: &[&str], links: &[&str], looked: &Looked) -> Beside {
    let texts: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    let linked: Vec<(&str, bool)> = links.iter().filter_map(|link| enterprise_of(link, looked)).collect();
    let bare = |text: &&str| text.trim_start_matches(['@', '/']).to_owned();
    let is_slug_of_it =
        |text: &&str| [&looked.slug, &looked.slug.to_ascii_lowercase()].contains(&&bare(text));
    let is_right = |text: &&str| bare(text).eq_ignore_ascii_case(&looked.slug);
    let is_name = |text: &&str| {
        looked.name.as_deref().is_some_and(|name| name.trim().to_lowercase() == text.to_lowercase())
    };
    let places = |is_it: &dyn Fn(&&str) -> bool| -> Vec<usize> {
        texts.iter().enumerate().filter(|(_, text)| is_it(text)).map(|(at, _)| at).collect()
    };
    let (names, slugs) = (places(&is_name), places(&is_slug_of_it));
    // One text cannot be both.
    let beside_its_name = slugs.iter().any(|slug| names.iter().any(|name| name != slug));
    let leads_to_it = linked.iter().any(|(slug, whole)| *whole && slug.eq_ignore_ascii_case(&looked.slug));
    let leads_elsewhere = !linked.iter().all(|(slug, _)| slug.eq_ignore_ascii_case(&looked.slug));
    let other_text = texts.iter().any(|text| is_slug(text) && !is_right(text) && !is_name(text));
    let may_be_it = !names.is_empty() || !linked.is_empty() || texts.iter().any(is_right);
    match leads_to_it || beside_its_name {
        true if leads_elsewhere || other_text => Beside::Unclear,
        true => Beside::Right,
        false if leads_elsewhere && !texts.iter().any(is_slug_of_it) => Beside::Other,
        // By its display name, or by what looks like its slug, it may be the right one.
        false if may_be_it => Beside::Unclear,
        false if other_text => Beside::Other,
        false if looked.name.is_some() && !texts.is_empty() => Beside::Other,
        false => Beside::Unclear,
    }
}

/// The enterprise account that an address is about, and whether it is the account's own page and on the cloud. A path is of the page
/// that has the link.
fn enterprise_of<'a>(url: &'a str, looked: &Looked) -> Option<(&'a str, bool)> {
    let (path, is_on_cloud) = match url.split_once("://") {
        Some((_, rest)) => {
            (&rest[rest.find('/')?..], place(url).0 == format!("{}:443", looked.cloud.to_ascii_lowercase()))
        }
        None => (url, true),
    };
    let rest = path.strip_prefix("/enterprises/")?.split(['?', '#']).next()?;
    let (slug, further) = rest.split_once('/').unwrap_or((rest, ""));
    (!slug.is_empty()).then_some((slug, is_on_cloud && further.is_empty()))
}

/// Whether a text names a host that is neither the server nor the cloud's own.
fn names_other_server(text: &str, looked: &Looked) -> bool {
    let (server, cloud) = (looked.server.to_lowercase(), looked.cloud.to_lowercase());
    let is_known = |host: &str| {
        [cloud.as_str(), "github.com"]
            .iter()
            .any(|own| host == *own || host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')))
            || host == server
    };
    hosts(text).iter().any(|host| !is_known(host))
}

/// The words of a text that are host names or IPv4 addresses, in lower case, without scheme, port and path.
fn hosts(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || "\"'`“”‘’„«»()<>,;!?@".contains(c));
    let host = |word: &str| {
        let rest = word.split_once("://").map_or(word, |(_, rest)| rest);
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        host.trim_matches(['.', '…']).to_lowercase()
    };
    words.map(host).filter(|host| is_host(host)).collect()
}

fn is_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let is_address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let last = labels.last().copied().unwrap_or_default();
    let has_end = last.chars().count() >= 2 && last.chars().next().is_some_and(char::is_alphabetic);
    labels.len() >= 2 && labels.iter().all(is_label) && (is_address || has_end)
}

/// Whether a text looks like the slug of some account.
fn is_slug(text: &str) -> bool {
    let text = text.trim_start_matches(['@', '/']);
    text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

/// What a button and the account beside it stand in.
const AROUND: [&str; 2] = ["listitem", "row"];

fn ancestors(nodes: &[Node], at: usize) -> impl Iterator<Item = usize> + '_ {
    std::iter::successors(nodes[at].parent, |up| nodes[*up].parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked() -> Looked {
        Looked {
            server: "ghes.corp.example".to_owned(),
            cloud: "github.com".to_owned(),
            slug: "acme".to_owned(),
            name: Some("Acme Corp".to_owned()),
        }
    }

    /// Lines of `ROLE NAME`, a level deeper for each blank before them.
    fn tree(text: &str) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut levels: Vec<usize> = Vec::new();
        for (at, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
            let depth = line.len() - line.trim_start().len();
            levels.truncate(depth);
            let (role, name) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            let parent = levels.last().copied();
            nodes.push(Node {
                role: role.to_owned(),
                disabled: false,
                name: name.to_owned(),
                parent,
                handle: format!("n{at}"),
                ..Node::default()
            });
            levels.push(at);
        }
        nodes
    }

    fn part(text: &str, handle: &str) -> Node {
        Node {
            disabled: false,
            role: "StaticText".to_owned(),
            name: text.to_owned(),
            parent: Some(0),
            handle: handle.to_owned(),
            ..Node::default()
        }
    }

    fn seen(text: &str) -> Vec<(&'static str, Beside, String)> {
        matches(&tree(text), &looked())
            .into_iter()
            .map(|found| (found.row, found.beside, found.handle))
            .collect()
    }

    #[test]
    fn a_button_is_found_by_its_role_and_its_whole_name() {
        let page = "RootWebArea Settings\n button Enable GitHub Connect\n link Enable GitHub Connect\n button Enable GitHub Connect now\n button enable github connect";
        assert_eq!(seen(page), [("enable-button", Beside::Unclear, "n1".to_owned())]);
        assert_eq!(seen("RootWebArea\n button GitHub Connect aktivieren"), []);
    }

    #[test]
    fn who_is_signed_in_stands_in_the_header() {
        for (page, login) in [
            ("RootWebArea\n banner\n  image @octo-owner\n image @acme", Some("octo-owner")),
            ("RootWebArea\n banner\n  image @a\n  image @b", None),
            ("RootWebArea\n banner\n  image @not a login\n  image Logo", None),
            ("RootWebArea\n image @acme", None),
        ] {
            assert_eq!(account(&tree(page)).as_deref(), login, "{page}");
        }
    }

    #[test]
    fn the_button_beside_the_right_account_is_told_from_the_others() {
        let list = "RootWebArea Select an enterprise\n list\n  listitem\n   link Acme Corp\n   StaticText acme\n   button Connect\n  listitem\n   link Acme Corp Test\n   StaticText acme-test\n   button Connect";
        assert_eq!(
            seen(list).into_iter().map(|(_, beside, handle)| (beside, handle)).collect::<Vec<_>>(),
            [(Beside::Right, "n5".to_owned()), (Beside::Other, "n9".to_owned())]
        );
        let alone = |text: &str| seen(text).first().map(|(_, beside, _)| *beside);
        assert_eq!(alone("RootWebArea\n listitem\n  link ACME\n  button Connect"), Some(Beside::Unclear));
        assert_eq!(alone("RootWebArea\n listitem\n  link Other\n  button Connect"), Some(Beside::Other));
        assert_eq!(alone("RootWebArea\n button Connect"), Some(Beside::Unclear));
        // Two buttons in one part of the page: which belongs to the account is not clear.
        let both = "RootWebArea\n row\n  StaticText acme\n  button Connect\n  button Connect";
        assert_eq!(seen(both).iter().map(|(_, beside, _)| *beside).collect::<Vec<_>>(), [Beside::Unclear; 2]);
        let both = "RootWebArea\n row\n  StaticText acme\n  form\n   button Connect\n    StaticText Connect\n  form\n   button Connect\n    StaticText Connect";
        assert_eq!(seen(both).iter().map(|(_, beside, _)| *beside).collect::<Vec<_>>(), [Beside::Unclear; 2]);
    }

    #[test]
    fn what_stands_elsewhere_on_the_page_names_no_account() {
        let alone = |text: &str| seen(text).first().map(|(_, beside, _)| *beside);
        for page in [
            "RootWebArea\n StaticText acme\n list\n  listitem\n   link Other\n   button Connect",
            "RootWebArea\n list\n  listitem\n   StaticText acme\n  listitem\n   link Other\n   button Connect",
            "RootWebArea\n row\n  link Other\n  button Connect\n row\n  link acme",
        ] {
            assert_eq!(alone(page), Some(Beside::Other), "{page}");
        }
        for page in [
            "RootWebArea\n StaticText acme\n button Connect",
            "RootWebArea\n main\n  generic\n   StaticText acme\n   button Connect",
            "RootWebArea\n StaticText acme\n listitem\n  button Connect",
        ] {
            assert_eq!(alone(page), Some(Beside::Unclear), "{page}");
        }
    }

    #[test]
    fn only_the_slug_names_an_account() {
        let own = "https://github.com/enterprises/acme";
        for (texts, links, beside) in [
            (&["Acme Corp", "acme"][..], &[][..], Beside::Right),
            (&["Acme Corp"], &[own], Beside::Right),
            (&["Acme Corp"], &["/enterprises/ACME?a"], Beside::Right),
            (&["ACME CORP", "@acme"], &[], Beside::Right),
            // A page below the account's own, or on another site, is no proof of it.
            (&["Acme Corp"], &["/enterprises/acme/people?a"], Beside::Unclear),
            (&["Other"], &["https://evil.example/enterprises/acme"], Beside::Unclear),
            // The display name of another account may look like this one's slug.
            (&["acme"], &[], Beside::Unclear),
            (&["ACME"], &[], Beside::Unclear),
            (&["ACME", "acme"], &[], Beside::Unclear),
            (&["acme", "Other Company GmbH"], &[], Beside::Unclear),
            (&["ACME", "acme-test"], &[], Beside::Unclear),
            (&["ACME"], &["/enterprises/acme-test"], Beside::Other),
            (&["Acme Corp", "@acme", "3 organizations", "Owner"], &[own], Beside::Right),
            (&["Acme Corp"], &[], Beside::Unclear),
            (&["Acme Corp", "trial"], &["/pricing"], Beside::Unclear),
            (&["acme", "other"], &[], Beside::Unclear),
            (&["acme"], &["/enterprises/other"], Beside::Unclear),
            (&["Acme Corp"], &["/enterprises/acme-test"], Beside::Other),
            (&["Acme Corp Test", "acme-test"], &[], Beside::Other),
            (&["Acme Corp Test"], &[], Beside::Other),
            (&[], &[], Beside::Unclear),
        ] {
            assert_eq!(whose(texts, links, &looked()), beside, "{texts:?} {links:?}");
        }
        let nameless = Looked { name: None, ..looked() };
        assert_eq!(whose(&["Acme Corp"], &[], &nameless), Beside::Unclear, "it may be the right one");
        assert_eq!(whose(&["acme-test"], &[], &nameless), Beside::Other);
        assert_eq!(whose(&["acme"], &[], &nameless), Beside::Unclear, "it may be a name");
        assert_eq!(whose(&["acme"], &[own], &nameless), Beside::Right);
        // Where the name is the slug, it stands there twice.
        let alike = Looked { name: Some("ACME".to_owned()), ..looked() };
        assert_eq!(whose(&["ACME"], &[], &alike), Beside::Unclear);
        assert_eq!(whose(&["acme"], &[], &alike), Beside::Unclear);
        assert_eq!(whose(&["ACME", "acme"], &[], &alike), Beside::Right);
    }

    #[test]
    fn a_text_may_name_another_server() {
        for (text, is_other) in [
            ("Connect evil.other.example with an enterprise account", true),
            ("Connect https://evil.other.example:8443/setup", true),
            ("Select the enterprise that you would like to connect to EVIL.example.", true),
            ("Connect ghes.corp.example.evil.example", true),
            ("Connect evil-ghes.corp.example", true),
            ("Connect 192.0.2.7 with an enterprise account", true),
            ("Connect (b\u{fc}cher.example) now", true),
            ("Connect ghes.corp.example and evil.example", true),
            ("Connect GHES.corp.example with an enterprise account", false),
            ("Connect \"https://ghes.corp.example:8443/\".", false),
            ("Select an enterprise", false),
            ("GitHub Connect on github.com, see docs.github.com/connect", false),
            ("Version 3.18.1, e.g. for Acme Inc. and more...", false),
            ("evilgithub.com", true),
        ] {
            assert_eq!(names_other_server(text, &looked()), is_other, "{text}");
        }
    }

    #[test]
    fn a_known_text_is_found_wherever_it_stands() {
        let page = "RootWebArea\n alert\n  StaticText A connection for GHES.corp.example already exists. Please disconnect";
        assert_eq!(seen(page), [("already-exists", Beside::Unclear, "n2".to_owned())]);
        assert_eq!(seen("RootWebArea\n StaticText A connection for other.example already exists."), []);
        let divided = vec![
            Node { role: "alert".to_owned(), handle: "n0".to_owned(), ..Node::default() },
            part("A connection for ", "n1"),
            Node { role: "strong".to_owned(), parent: Some(0), ..Node::default() },
            Node { parent: Some(2), ..part("ghes.corp.example", "n3") },
            part(" already exists.", "n4"),
        ];
        let found = matches(&divided, &looked());
        assert_eq!(
            found.iter().map(|found| (found.row, found.handle.as_str())).collect::<Vec<_>>(),
            [("already-exists", "n0")]
        );
    }
}
