//! What the person agrees to and confirms before anything is pressed.

use gh_connect_enable::{
    browser::{Browser, Looked},
    flow::Pressed,
};
use gh_connect_engine::{ConnectTarget, Effects as _, Interrupt, Machine};

use super::{
    Enabling,
    certificate::{Billing, Consent},
    drive::keeps_looking,
    foretell::Foretold,
    talk::Talk,
    words::{self, Addresses},
};
use crate::platform;

impl Enabling<'_> {
    /// The person's word: typed, or by two flags where nobody can type.
    pub(super) async fn consent(
        &self,
        talk: &mut Talk,
        target: &ConnectTarget,
        addresses: &Addresses,
        pressed: Pressed,
    ) -> Result<Option<Consent>, Interrupt> {
        if self.flags.confirm_billing && !talk.answers {
            talk.say("Nobody can answer here what the account's billing page says. --confirm-billing needs a person at a terminal.");
            return Ok(None);
        }
        let way = self.foreseen(pressed);
        talk.say(&Foretold::of(target, addresses, way, self.known_trouble(target)).what_will_happen());
        let how = if self.flags.yes && self.flags.accept_terms {
            Some("--yes --accept-terms".to_owned())
        } else {
            agreed(talk, &target.enterprise).await?.map(|typed| format!("typed {typed}"))
        };
        Ok(how.map(|how| Consent { by: self.person.clone(), how, at: Machine.now(), terms: words::TERMS }))
    }

    /// Shows the account's billing page in the browser that is driven, or in the person's own, and asks what it says. Nothing was
    /// pressed by then. `None` where the person does not confirm that the account is invoiced.
    pub(super) async fn billing(
        &self,
        talk: &mut Talk,
        mut browser: Option<(&mut Browser, &Looked)>,
        addresses: &Addresses,
        way: &str,
    ) -> Result<Option<Billing>, Interrupt> {
        match &mut browser {
            Some((browser, _)) => {
                // What cannot be opened is seen by the person, who then does not confirm it.
                let _ = talk.unless_interrupted(browser.open(&addresses.billing)).await?;
                talk.say(&format!("The window opens the account's billing page: {}", addresses.billing));
            }
            None => {
                let opened = self.opens_browser() && platform::open_in_browser(&addresses.billing);
                let verb = if opened { "Your browser opens" } else { "Open in your browser" };
                talk.say(&format!("{verb} the account's billing page: {}", addresses.billing));
            }
        }
        talk.say("Sign in there as an owner of the account.");
        let asks =
            talk.yes_or_no("Does the page show invoices (\"Latest invoice\", \"Past invoices\")? [yes/no] ");
        let confirmed = match browser {
            Some((browser, looked)) => keeps_looking(browser, looked, asks).await?,
            None => asks.await?,
        };
        Ok((confirmed == Some(true)).then(|| Billing {
            by: self.person.clone(),
            at: Machine.now(),
            evidence: format!("invoices on {} (browser: {way})", addresses.billing),
        }))
    }
}

/// The slug, as the person typed it; they may mistype it.
async fn agreed(talk: &mut Talk, slug: &str) -> Result<Option<String>, Interrupt> {
    let question = format!("To agree, type the enterprise account's slug, {slug}: ");
    for left in (0..MOST_TRIES).rev() {
        let Some(typed) = talk.ask(&question).await? else {
            talk.say("Nobody can answer here. Where that is meant, say --yes --accept-terms.");
            return Ok(None);
        };
        if typed.eq_ignore_ascii_case(slug) {
            return Ok(Some(typed));
        }
        let then = if left > 0 { "Ctrl-C ends it." } else { "You did not agree." };
        talk.say(&format!("\"{typed}\" is not {slug}, which would mean that you agree. {then}"));
    }
    Ok(None)
}

const MOST_TRIES: u32 = 3;
