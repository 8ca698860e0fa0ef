//! What can be said on the command line. Texts are taken as they are; [`crate::plan`] finds out what they mean, so that
//! flags, the configuration file and the environment are understood, and complained about, in one way.

use std::ffi::OsStr;

use clap::{
    Arg, Args, Command, Parser, Subcommand, ValueHint,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};

use crate::{plan::FEATURES, report::Format};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "gh-connect",
    version,
    about = "Find out before the click whether GitHub Connect will work, and who has to change what",
    long_about = "Find out before the click whether this GitHub Enterprise Server can be connected through GitHub \
                  Connect, and if not, who has to change what.\n\n`check` and `status` change nothing; `enable` presses two buttons in a browser, only when everything passes and you agree.",
    after_help = "Try it without a server:  gh-connect check --lab\n\
                  See what a fault looks like:  gh-connect check --lab=tls/untrusted-issuer",
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Action,

    /// How it is shown.
    #[command(flatten)]
    pub(crate) appearance: Appearance,
}

/// How things are shown, the same for every command.
#[derive(Debug, Args)]
pub(crate) struct Appearance {
    /// Whether to use colours.
    ///
    /// `auto` uses them on a terminal and honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM=dumb. For a screen reader,
    /// GH_SPINNER_DISABLED=1 (or GH_ACCESSIBLE_PROMPTER=1, TERM=dumb) shows progress as plain lines.
    #[arg(long, global = true, value_name = "WHEN", value_parser = Suggesting(when), help_heading = "Appearance")]
    pub(crate) color: Option<String>,

    /// Say less: no progress, and of a table only the verdict.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Appearance")]
    pub(crate) quiet: bool,

    /// Say more: evidence and measured facts as well.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Appearance")]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Measure and judge. Changes nothing anywhere.
    #[command(
        long_about = "Measure and judge whether GitHub can be reached in the way that GitHub Connect needs, from this \
                      machine and through its proxy, and whether both accounts permit it. Changes nothing \
                      anywhere.\n\nExit codes: 0 passed (warnings allowed), \
                      1 something failed, 2 usage or configuration error (nothing was measured), 3 undetermined, 4 only \
                      warnings under --fail-on warn, 5 internal error, 129, 130 and 143 interrupted (the partial report is \
                      written).",
        after_help = "Every flag can also stand in a configuration file, without the dashes. A flag wins over the file, the file over \
                      the environment.\nCredentials are never arguments: GH_TOKEN is the token for GitHub Enterprise Cloud (admin:enterprise, \
                      read:audit_log), GH_ENTERPRISE_TOKEN the one for the server (site_admin, read:enterprise, \
                      read:audit_log), GHE_MANAGE_PASSWORD the password for its Manage API; `gh auth token` is asked for a token that is not set. Put a proxy's into HTTPS_PROXY."
    )]
    Check(Box<CheckFlags>),

    /// Check, and only when everything passes, enable GitHub Connect and verify it.
    #[command(
        long_about = "Check, and only when everything passes, enable GitHub Connect in a browser and verify it.\n\nNo interface enables \
                      GitHub Connect: it is done in a browser, by a person who is signed in on both sides and accepts GitHub's terms. Either \
                      gh-connect opens a window of an installed browser, you sign in there, and it presses the two buttons; or you press them \
                      in your own browser and it watches both sides. It says what will happen first, and asks.\n\nExit codes: 0 connected and \
                      verified (or connected before), 10 refused (the gate is shut, or you did not agree; nothing was touched), 11 attempted \
                      and not connected, 12 done and not verified; 2, 5, 129, 130 and 143 as for check.",
        after_help = "See first what it would do:  gh-connect enable --plan …\nTry it in the lab:          gh-connect enable --lab --headless --yes --accept-terms"
    )]
    Enable(Box<EnableFlags>),

    /// Print what both sides say about the connection now. Changes nothing.
    #[command(
        long_about = "Print what both sides say about the connection now: records, license synchronization, statistics, audit events. Changes \
                            nothing.\n\nExit codes: 0 connected: the account has a record of the server, and what only a connected server sends came lately; 1 not connected, or \
                      only one side says so; 3 that cannot be told; 2, 5, 129, 130 and 143 as for check.",
        after_help = "Try it in the lab:  gh-connect status --lab=connection/already-connected\n(--lab alone is a new world each time, in which nothing is connected yet.)"
    )]
    Status(Box<CheckFlags>),

    /// Explain a check or a finding in full, offline: what it is, why it matters, how to fix it and who acts.
    ///
    /// Without ID: the catalogue of everything that can be found.
    Explain {
        /// A check (`tls`) or a finding (`tls/expired`).
        id: Option<String>,
    },

    /// Start the embedded world on loopback and print how to reach it.
    ///
    /// Name servers, GitHub's hosts with TLS, and a proxy where the world has one, all on 127.0.0.1 with certificates made
    /// for the occasion. Runs until Ctrl-C.
    Lab(LabFlags),

    /// Print a completion script for a shell.
    #[command(after_help = "For example:  gh-connect completions bash > /etc/bash_completion.d/gh-connect")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },

    /// Print the manual page.
    #[command(after_help = "For example:  gh-connect man | man -l -")]
    Man,

    /// Print a page of the documentation that is made from the checks.
    #[command(hide = true)]
    Reference {
        /// Its path in the repository. Default: list them.
        path: Option<String>,
    },
}

/// Options of `check`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct CheckFlags {
    /// The GitHub Enterprise Server, `https://ghes.corp.example`.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "What is to be connected")]
    pub(crate) server: Option<String>,

    /// The enterprise account on GitHub Enterprise Cloud: `acme` of github.com/enterprises/acme.
    #[arg(long, value_name = "SLUG", help_heading = "What is to be connected")]
    pub(crate) enterprise: Option<String>,

    /// The target is SUBDOMAIN.ghe.com in place of github.com.
    #[arg(long, value_name = "SUBDOMAIN", help_heading = "What is to be connected")]
    pub(crate) ghe_com: Option<String>,

    /// The egress proxy, `http://proxy.corp.example:3128`; `off` for none.
    ///
    /// Default: the server's own setting where its Manage API tells it, else HTTPS_PROXY, then ALL_PROXY.
    ///
    /// Give the same URL as in the Management Console under Privacy, HTTP Proxy Server. A user name and password may
    /// stand in the URL, but then other users of this machine can read them while the program runs: better leave them in
    /// HTTPS_PROXY.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "The way out")]
    pub(crate) proxy: Option<String>,

    /// What goes around the proxy, with commas between. Default: NO_PROXY.
    ///
    /// Read as GitHub Enterprise Server reads its HTTP Proxy Exclusion: a leading dot is the wildcard, names and addresses match
    /// exactly, no address ranges.
    #[arg(long, value_name = "LIST", help_heading = "The way out")]
    pub(crate) no_proxy: Option<String>,

    /// Trust the roots in this file, too. Repeatable.
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath, help_heading = "The way out")]
    pub(crate) ca_file: Vec<String>,

    /// Ask this name server in place of the system's. Repeatable.
    #[arg(long, value_name = "IP[:PORT]", help_heading = "The way out")]
    pub(crate) resolver: Vec<String>,

    /// Connect to ADDR:PORT2 whenever HOST:PORT is meant, as curl does. Repeatable.
    ///
    /// HOST is a name or an address. An empty HOST or PORT stands for any; an empty ADDR or PORT2 leaves it as it is.
    #[arg(long, value_name = "HOST:PORT:ADDR:PORT2", help_heading = "The way out")]
    pub(crate) connect_to: Vec<String>,

    /// An address under which the server leaves the network. Repeatable.
    #[arg(long, value_name = "IP", help_heading = "The way out")]
    pub(crate) egress_ip: Vec<String>,

    /// What `ghe-config --get-regexp github-connect` printed in the server's admin shell: the text, @FILE, or - for standard input.
    ///
    /// No interface tells whether the server still points at GHE.com. An empty text says that nothing is set, which ghe-config
    /// also says with its exit code 1; every other failure must not look like it. In a POSIX shell: { ssh -p 122 admin@HOST --
    /// ghe-config --get-regexp github-connect || [ $? = 1 ] || echo failed; } | gh-connect check --ghe-config -
    #[arg(long, value_name = "TEXT|-|@FILE", help_heading = "What only people know")]
    pub(crate) ghe_config: Option<String>,

    /// Attest that the enterprise account is invoiced: who says so, and what they saw.
    ///
    /// GitHub Connect to github.com demands it, and no interface tells. For example "Ana Lyst: latest invoice of 3 May on the
    /// billing overview". It stands in the report, and counts for today: an attestation that lasts belongs into
    /// the configuration file, `[billing] invoiced`.
    #[arg(long, value_name = "NAME: EVIDENCE", help_heading = "What only people know")]
    pub(crate) attest_invoiced: Option<String>,

    /// Check this host in the same way. Repeatable.
    #[arg(long, value_name = "HOST[:PORT]", value_hint = ValueHint::Hostname, help_heading = "What is checked")]
    pub(crate) also: Vec<String>,

    /// Check the hosts that a feature of GitHub Connect needs, too. Repeatable.
    #[arg(long, value_name = "NAME", value_parser = Suggesting(features), help_heading = "What is checked")]
    pub(crate) feature: Vec<String>,

    /// Only this check, `tls`, or category, `network` or `account`. Repeatable.
    #[arg(long, value_name = "ID", help_heading = "What is checked")]
    pub(crate) only: Vec<String>,

    /// Not this check or category. Repeatable.
    #[arg(long, value_name = "ID", help_heading = "What is checked")]
    pub(crate) skip: Vec<String>,

    /// Accept a warning: it is printed, counted and recorded as waived. Repeatable.
    ///
    /// Blockers cannot be waived: GitHub Connect would fail all the same. A waiver that matches nothing is an error, so that
    /// none outlives its reason.
    #[arg(long, value_name = "ID=REASON", help_heading = "What is checked")]
    pub(crate) waive: Vec<String>,

    /// For one attempt. Default: 5.
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub(crate) timeout: Option<String>,

    /// For the whole run; what is not judged by then is unknown. Default: 30.
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub(crate) deadline: Option<String>,

    /// Read flags from this TOML file. Default: your own, ~/.config/gh-connect/config.toml.
    ///
    /// Under $XDG_CONFIG_HOME where that is set, in ~/Library/Application Support on macOS, in %APPDATA% on Windows. It is read
    /// only if nobody else can write it. A gh-connect.toml in the current folder is read only when it is named.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input and output")]
    pub(crate) config: Option<String>,

    /// Write a report; without PATH to stdout. Repeatable: one run, several reports.
    #[arg(short, long, value_name = "FORMAT[=PATH]", value_parser = Suggesting(formats), help_heading = "Input and output")]
    pub(crate) output: Vec<String>,

    /// From which severity on the exit code tells. Default: fail.
    #[arg(long, value_name = "LEVEL", value_parser = Suggesting(levels), help_heading = "Input and output")]
    pub(crate) fail_on: Option<String>,

    /// Run against the embedded world; WORLD is a finding, `tls/expired`, or a world file.
    ///
    /// Without WORLD: the world in which nothing is wrong. Nothing leaves this machine. Your configuration file and the proxies of
    /// the environment do not count, for the world brings its own; flags still win.
    #[arg(
        long,
        value_name = "WORLD",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = HEALTHY,
        conflicts_with = "config",
        value_hint = ValueHint::FilePath,
        help_heading = "Input and output"
    )]
    pub(crate) lab: Option<String>,
}

/// Options of `enable`.
#[derive(Debug, Args)]
pub(crate) struct EnableFlags {
    /// Print all that would be done, from a run, and press nothing.
    #[arg(long, help_heading = "Enabling")]
    pub(crate) plan: bool,

    /// Which browser: one that gh-connect drives, or your own (`accompany`).
    #[arg(long, value_name = "BROWSER", default_value = "auto", value_parser = Suggesting(browsers), help_heading = "Enabling")]
    pub(crate) browser: String,

    /// Agree without being asked; with --accept-terms.
    #[arg(long, requires = "accept_terms", help_heading = "Enabling")]
    pub(crate) yes: bool,

    /// Accept the GitHub Terms for Additional Products and Features, section Connect; with --yes.
    #[arg(long, requires = "yes", help_heading = "Enabling")]
    pub(crate) accept_terms: bool,

    /// Show the account's billing page before "Connect", and ask what it says.
    #[arg(long, help_heading = "Enabling")]
    pub(crate) confirm_billing: bool,

    /// Without a window; with --lab only.
    #[arg(long, requires = "lab", help_heading = "Enabling")]
    pub(crate) headless: bool,

    /// Write what was seen of the pages, as roles, names, paths and times, without contents.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Enabling")]
    pub(crate) save_steps: Option<String>,

    /// As for `check`.
    #[command(flatten)]
    pub(crate) check: CheckFlags,
}

/// Options of `lab`.
#[derive(Debug, Args)]
pub(crate) struct LabFlags {
    /// A finding, `tls/expired`, or a world file. Default: the world in which nothing is wrong.
    pub(crate) world: Option<String>,

    /// End after this time.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) duration: Option<String>,
}

/// The name of the world in which nothing is wrong.
pub(crate) const HEALTHY: &str = "healthy";

/// Any text, with suggestions for help and completion. What is none of them is refused later, where all values are.
#[derive(Clone, Copy, Debug)]
struct Suggesting(fn() -> Vec<PossibleValue>);

impl TypedValueParser for Suggesting {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0().into_iter()))
    }
}

fn when() -> Vec<PossibleValue> {
    ["auto", "always", "never"].map(PossibleValue::new).to_vec()
}

fn browsers() -> Vec<PossibleValue> {
    ["auto", "chromium", "chrome", "edge", "firefox", "accompany"].map(PossibleValue::new).to_vec()
}

fn levels() -> Vec<PossibleValue> {
    ["fail", "warn"].map(PossibleValue::new).to_vec()
}

fn features() -> Vec<PossibleValue> {
    FEATURES.iter().map(|feature| PossibleValue::new(feature.name).help(feature.help)).collect()
}

fn formats() -> Vec<PossibleValue> {
    Format::ALL.map(|format| PossibleValue::new(format.id())).to_vec()
}
