//! The panes, and which of them has the focus.

/// The pane with the focus, in which the arrow keys select or scroll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Input,
    Transcript,
    Lesson,
    Numbers,
    Wire,
    Frame,
}

impl Focus {
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Input => Self::Transcript,
            Self::Transcript => Self::Lesson,
            Self::Lesson => Self::Numbers,
            Self::Numbers => Self::Wire,
            Self::Wire => Self::Frame,
            Self::Frame => Self::Input,
        }
    }

    pub(crate) const fn previous(self) -> Self {
        self.next().next().next().next().next()
    }
}
