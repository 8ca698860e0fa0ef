//! Which browser: one of the machine's that is driven, or the person's own.

use gh_connect_enable::{
    browser::{self, Browser, Kind, Profile, Start},
    flow::Pressed,
};

use gh_connect_engine::{ConnectTarget, Interrupt};

use super::{
    Enabling,
    talk::Talk,
    words::{self, Used},
};
use crate::plan::{Place, Said, UsageError};

/// Which browser was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Auto,
    Drive(Kind),
    Accompany,
}

impl Choice {
    pub(super) fn parse(said: &str) -> Result<Self, UsageError> {
        match said {
            "auto" => return Ok(Self::Auto),
            "accompany" => return Ok(Self::Accompany),
            _ => {}
        }
        Kind::ALL.into_iter().find(|kind| kind.id() == said).map(Self::Drive).ok_or_else(|| {
            let given = Said { text: said.to_owned(), place: Place::Flag("--browser") };
            UsageError::at(&given, format!("`{said}` is not a browser that is known here"))
                .hint("allowed: auto, chromium, chrome, edge, firefox, accompany")
        })
    }
}

/// Who presses in which browser, as far as that is known before one is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The program presses in a browser that it drives.
    Driven { kind: Kind, has_window: bool },
    /// The person presses in their own, which the program may open.
    Own { opens: bool },
}

/// Who presses: for a program, and as a sentence begins.
pub(super) struct Presses {
    pub(super) id: &'static str,
    pub(super) says: &'static str,
}

impl Way {
    pub(super) fn presses(self) -> Presses {
        match self {
            Self::Driven { .. } => Presses { id: "gh-connect", says: "gh-connect presses" },
            Self::Own { .. } => Presses { id: "you", says: "You press" },
        }
    }

    pub(super) fn browser(self) -> &'static str {
        match self {
            Self::Driven { kind, .. } => kind.id(),
            Self::Own { .. } => "your own",
        }
    }
}

impl Enabling<'_> {
    /// The kinds of browsers that may be driven, in the order in which they are tried.
    fn kinds(&self) -> Vec<Kind> {
        match self.choice {
            Choice::Accompany => Vec::new(),
            Choice::Drive(kind) => vec![kind],
            // On GHE.com, Chromium may block the way back (facts 2).
            Choice::Auto if self.session.plan().product.value.apex() != "github.com" => {
                vec![Kind::Firefox, Kind::Chromium]
            }
            Choice::Auto => Kind::ALL.to_vec(),
        }
    }

    /// Which browser will be used, unless it cannot be driven.
    pub(super) fn foreseen(&self, pressed: Pressed) -> Way {
        let drives = self.shows_windows() && !pressed.connect;
        let may_be_driven = |kind: &Kind| {
            browser::find(*kind, self.path.as_ref()).is_some() && browser::forbidden_by(*kind).is_none()
        };
        match self.kinds().into_iter().filter(|_| drives).find(may_be_driven) {
            Some(kind) => {
                Way::Driven { kind, has_window: self.in_lab.as_ref().is_none_or(|lab| !lab.headless) }
            }
            None => Way::Own { opens: self.opens_browser() },
        }
    }

    /// A browser to drive, or none: then the person uses their own. The second is what it is called in the certificate.
    pub(super) async fn browser(
        &self,
        talk: &mut Talk,
        pressed: Pressed,
    ) -> Result<(Option<Browser>, &'static str), Interrupt> {
        let none = (None, "accompany");
        if self.choice == Choice::Accompany {
            return Ok(none);
        }
        if pressed.connect {
            talk.say("You go on in your own browser.");
            return Ok(none);
        }
        if !self.shows_windows() {
            talk.say(
                "There is no display here for a browser's window. You use your own browser, on any machine.",
            );
            return Ok(none);
        }
        for kind in self.kinds() {
            let Some(installed) = browser::find(kind, self.path.as_ref()) else {
                if self.choice != Choice::Auto {
                    talk.say(&format!("{} is not installed here. You use your own browser.", kind.id()));
                }
                continue;
            };
            if let Some(policy) = browser::forbidden_by(kind) {
                talk.say(&format!(
                    "A policy forbids to drive {} ({} in {}).",
                    kind.id(),
                    policy.setting,
                    policy.file.display()
                ));
                continue;
            }
            let start = Start { program: installed.program, kind, lab: self.in_lab.clone() };
            let started = match Profile::new(&self.folder) {
                Ok(profile) => talk.unless_interrupted(Browser::start(&start, profile)).await?,
                Err(error) => Err(error.into()),
            };
            match started {
                Ok(browser) => return Ok((Some(browser), kind.id())),
                Err(error) => talk.say(&format!("{} cannot be driven: {error}.", kind.id())),
            }
        }
        talk.say("You use your own browser.");
        Ok(none)
    }

    /// What is known to go wrong with the browsers that may be used: said before anybody agrees. On GHE.com only Firefox is known to
    /// find the way back (facts 2), and where it is the person's own browser, which one it is is not known.
    pub(super) fn known_trouble(&self, target: &ConnectTarget) -> Option<String> {
        let has_firefox = browser::find(Kind::Firefox, self.path.as_ref()).is_some();
        let used = match self.choice {
            Choice::Drive(Kind::Firefox) => return None,
            Choice::Drive(_) => Used::Chromium,
            Choice::Accompany => Used::Own,
            Choice::Auto if !self.shows_windows() => Used::Own,
            Choice::Auto if has_firefox => return None,
            Choice::Auto => Used::Chromium,
        };
        (target.cloud != "github.com").then(|| words::way_back_may_be_blocked(used, has_firefox, target))
    }

    /// Whether a browser that is driven can show its window, or needs none.
    fn shows_windows(&self) -> bool {
        self.display || self.in_lab.as_ref().is_some_and(|lab| lab.headless)
    }

    /// Whether an address may be opened in the person's own browser. That one does not find its way into the lab.
    pub(super) fn opens_browser(&self) -> bool {
        self.in_lab.is_none() && self.display
    }
}
