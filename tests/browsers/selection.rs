//! The page on which an enterprise account is chosen, as another than the right one: with texts that nobody sees, with names that look
//! like slugs, of another server's setup, with a dialog, and too large to read. And a setup that somebody else began.

use crate::worlds;

/// The cloud's page, with this in its place, from the press on the server on.
macro_rules! selection {
    ($main:literal) => {
        concat!(
            "[endpoint.'github.com/enterprise_installations/new*']\nonce = 'pressed'\nstatus = 200\n\
             headers = { 'Content-Type' = 'text/html; charset=utf-8', 'Content-Security-Policy' = '' }\n\
             body = '''<!doctype html><html lang=en><title>x</title><main>",
            $main,
            "</main></html>'''\n"
        )
    };
}

worlds! {
    a_slug_that_nobody_sees: "chromium", UNSEEN, 11, [ENABLE, NOT_LISTED], [CONNECT];
    a_slug_that_nobody_sees_in_firefox: "firefox", UNSEEN, 11, [ENABLE, NOT_LISTED], [CONNECT];
    a_name_that_is_the_slug: "chromium", NAME, 11, [ENABLE, UNCLEAR, HANDED], [CONNECT];
    a_name_that_is_the_slug_in_firefox: "firefox", NAME, 11, [ENABLE, UNCLEAR, HANDED], [CONNECT];
    another_servers_setup: "chromium", OTHER_SERVER, 11, [ENABLE, OTHER, HANDED], [CONNECT];
    another_servers_setup_in_firefox: "firefox", OTHER_SERVER, 11, [ENABLE, OTHER, HANDED], [CONNECT];
    a_setup_that_somebody_else_began: "chromium", "[web]\nstart = 'pending'", 11, [NOT_OURS, HANDED, NOTHING], [COMPLETE, CONNECT];
    a_setup_that_somebody_else_began_in_firefox: "firefox", "[web]\nstart = 'pending'", 11, [NOT_OURS, HANDED, NOTHING], [COMPLETE, CONNECT];
    a_dialog: "chromium", DIALOG, 11, [ENABLE, HAS_DIALOG, HANDED], [CONNECT];
    a_dialog_in_firefox: "firefox", DIALOG, 11, [ENABLE, HAS_DIALOG, HANDED], [CONNECT];
    a_page_that_never_answers: "chromium", BUSY, 11, [ENABLE, SILENT, HANDED], [CONNECT];
    a_page_that_never_answers_in_firefox: "firefox", BUSY, 11, [ENABLE, SILENT, HANDED], [CONNECT];
}

const ENABLE: &str = "Pressing \"Enable GitHub Connect\".";
const COMPLETE: &str = "Pressing \"Complete your GitHub Connect setup\".";
const CONNECT: &str = "Pressing \"Connect\".";
const HANDED: &str = "go on yourself";
const NOTHING: &str = ", 0 of them changed something";
const NOT_LISTED: &str = "acme is not among the enterprise accounts";
const UNCLEAR: &str = "is clearly beside the account";
const OTHER: &str = "names another server than the one that was checked (row selection-server";
const NOT_OURS: &str = "a setup was begun there, and not by this program";
const HAS_DIALOG: &str = "The page has opened a dialog.";
const SILENT: &str = "The browser does not tell what the page shows";

const UNSEEN: &str = selection!(
    "<ul><li><span style=\"display:none\">Acme Corp</span> <span style=\"display:none\">acme</span>\
     <span>Other Company GmbH</span> <form method=post action=/nowhere><button>Connect</button></form></li></ul>"
);
const NAME: &str = selection!(
    "<ul><li><span>ACME</span> <form method=post action=/nowhere><button>Connect</button></form></li></ul>"
);
const OTHER_SERVER: &str = selection!(
    "<h1>Connect evil.other.example with an enterprise account</h1><ul><li><a href=/enterprises/acme>Acme Corp</a> \
     <form method=post action=/nowhere><button>Connect</button></form></li></ul>"
);
const DIALOG: &str = selection!(
    "<ul><li><a href=/enterprises/acme>Acme Corp</a> <form method=post action=/nowhere><button>Connect</button></form></li></ul>\
     <script>alert(\"go\")</script>"
);
/// 450 elements deep, nine thousand in all.
fn deep() -> String {
    let nested = format!("{}<p>x</p>{}", "<div role=group>".repeat(450), "</div>".repeat(450));
    selection!("DEEP").replace("DEEP", &nested.repeat(10))
}

#[test]
fn a_page_that_is_very_deep() {
    crate::enables("chromium", &deep(), 11, &[ENABLE, HANDED], &[CONNECT]);
}

const BUSY: &str = selection!("<h1>x</h1><script>setTimeout(() => { for (;;) {} }, 0)</script>");
