//! Exit codes: promises to scripts, the same in every format.

/// How the process ends. The codes of a run itself (0, 1, 3, 4, 129, 130, 143) come from its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// Done.
    pub(crate) const SUCCESS: Self = Self(0);
    /// At least one check failed.
    pub(crate) const FAILED: Self = Self(1);
    /// Something that was said makes no sense; nothing was measured.
    pub(crate) const USAGE: Self = Self(2);
    /// Nothing failed, but something required is not known.
    pub(crate) const UNDETERMINED: Self = Self(3);
    /// `enable`: the gate is shut, or the person did not agree; nothing was touched.
    pub(crate) const REFUSED: Self = Self(10);
    /// `enable`: it was attempted, and there is no connection.
    pub(crate) const ATTEMPTED: Self = Self(11);
    /// `enable`: it was done, and is not proven.
    pub(crate) const UNVERIFIED: Self = Self(12);
    /// The fault is here.
    pub(crate) const INTERNAL: Self = Self(5);
    /// SIGHUP.
    pub(crate) const HUNG_UP: Self = Self(129);
    /// Ctrl-C.
    pub(crate) const INTERRUPTED: Self = Self(130);
    /// SIGTERM.
    pub(crate) const TERMINATED: Self = Self(143);
}

impl From<gh_connect_engine::Interrupt> for Exit {
    fn from(interrupt: gh_connect_engine::Interrupt) -> Self {
        match interrupt {
            gh_connect_engine::Interrupt::Interrupt => Self::INTERRUPTED,
            gh_connect_engine::Interrupt::Terminate => Self::TERMINATED,
            gh_connect_engine::Interrupt::HangUp => Self::HUNG_UP,
        }
    }
}
