use super::{Oidc, Owners, Setting};

/// Which IP allow list is in force for the enterprise account, as far as its settings tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InForce {
    /// GitHub's own, the one whose entries can be read.
    Own,
    /// None.
    None,
    /// Perhaps that of the identity provider: in that mode GitHub's own is switched off, and how the settings read then is
    /// not published (facts §4.2).
    Perhaps,
    /// That was not said.
    Unsaid,
}

impl Owners {
    /// Which IP allow list is in force.
    pub fn list_in_force(&self) -> InForce {
        match (&self.allow_list, &self.oidc) {
            (Some(Setting::Enabled), _) => InForce::Own,
            (Some(Setting::Disabled), Oidc::None) => InForce::None,
            (_, Oidc::Provider(_)) | (Some(Setting::Disabled), Oidc::Unknown) => InForce::Perhaps,
            (_, Oidc::None | Oidc::Unknown) => InForce::Unsaid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_no_is_none() {
        let word = || Some(Setting::Other("PAUSED".to_owned()));
        let provider = || Oidc::Provider("AAD".to_owned());
        for (allow_list, oidc, expected) in [
            (Some(Setting::Enabled), Oidc::None, InForce::Own),
            (Some(Setting::Enabled), provider(), InForce::Own),
            (Some(Setting::Enabled), Oidc::Unknown, InForce::Own),
            (Some(Setting::Disabled), Oidc::None, InForce::None),
            (Some(Setting::Disabled), provider(), InForce::Perhaps),
            (Some(Setting::Disabled), Oidc::Unknown, InForce::Perhaps),
            (None, provider(), InForce::Perhaps),
            (None, Oidc::None, InForce::Unsaid),
            (word(), Oidc::None, InForce::Unsaid),
            (word(), provider(), InForce::Perhaps),
            (None, Oidc::Unknown, InForce::Unsaid),
        ] {
            let owners = Owners { allow_list, allow_list_for_apps: None, oidc };
            assert_eq!(owners.list_in_force(), expected, "{owners:?}");
        }
    }
}
