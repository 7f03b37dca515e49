//! The kinds of faults, by name.

use std::fmt;

/// Something that goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A call fails with a server fault and has done nothing.
    ErrorBefore,
    /// A call does its work and is answered with a server fault all the same.
    ErrorAfter,
    /// The connection breaks before a call arrives.
    Reset,
    /// A call does its work, and the connection breaks before the answer arrives.
    AnswerLost,
    /// A call is refused by the code with which its API throttles.
    Throttled,
    /// A read is answered with what it answered a short time before.
    Stale,
    /// `DescribeServices` cannot read some of the services: they are in `failures[]`.
    Failures,
    /// A list begins with a page that holds nothing but a token.
    EmptyPage,
    /// The answer to a call takes very long.
    Slow,
    /// The process ends before a call is made.
    DeathBefore,
    /// The process ends after a call did its work, before it hears of it.
    DeathAfter,
    /// SNS never hands a message over.
    MessageLost,
    /// SNS hands a message over twice.
    MessageDoubled,
    /// SNS hands a message over hours later.
    MessageDelayed,
    /// SNS hands a message over after later ones.
    MessageReordered,
    /// An event for a function is lost.
    EventLost,
    /// An event for a function comes twice.
    EventDoubled,
    /// An event for a function comes hours later.
    EventDelayed,
    /// Lambda has reclaimed the warm function: the next invocation starts a new one.
    ColdStart,
    /// The function's clock is askew.
    ClockSkew,
    /// Somebody disables the actions of the alarms, and later enables them again.
    AlarmDisabled,
    /// A mute rule withholds the alarms' actions for a time.
    AlarmMuted,
    /// Somebody changes the alarms' settings, and later sets them back.
    AlarmChanged,
    /// Somebody sets the alarms' state.
    AlarmSet,
    /// CloudTrail delivers nothing for a time, and everything at the end of it.
    DeliveryStops,
    /// Somebody removes the functions' reserved concurrency, and later sets it back.
    Unreserved,
}

impl Kind {
    /// Every kind, in a fixed order.
    pub const ALL: [Self; 26] = [
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Reset,
        Self::AnswerLost,
        Self::Throttled,
        Self::Stale,
        Self::Failures,
        Self::EmptyPage,
        Self::Slow,
        Self::DeathBefore,
        Self::DeathAfter,
        Self::MessageLost,
        Self::MessageDoubled,
        Self::MessageDelayed,
        Self::MessageReordered,
        Self::EventLost,
        Self::EventDoubled,
        Self::EventDelayed,
        Self::ColdStart,
        Self::ClockSkew,
        Self::AlarmDisabled,
        Self::AlarmMuted,
        Self::AlarmChanged,
        Self::AlarmSet,
        Self::DeliveryStops,
        Self::Unreserved,
    ];

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ErrorBefore => "error-before",
            Self::ErrorAfter => "error-after",
            Self::Reset => "reset",
            Self::AnswerLost => "answer-lost",
            Self::Throttled => "throttled",
            Self::Stale => "stale",
            Self::Failures => "failures",
            Self::EmptyPage => "empty-page",
            Self::Slow => "slow",
            Self::DeathBefore => "death-before",
            Self::DeathAfter => "death-after",
            Self::MessageLost => "message-lost",
            Self::MessageDoubled => "message-doubled",
            Self::MessageDelayed => "message-delayed",
            Self::MessageReordered => "message-reordered",
            Self::EventLost => "event-lost",
            Self::EventDoubled => "event-doubled",
            Self::EventDelayed => "event-delayed",
            Self::ColdStart => "cold-start",
            Self::ClockSkew => "clock-skew",
            Self::AlarmDisabled => "alarm-disabled",
            Self::AlarmMuted => "alarm-muted",
            Self::AlarmChanged => "alarm-changed",
            Self::AlarmSet => "alarm-set",
            Self::DeliveryStops => "delivery-stops",
            Self::Unreserved => "unreserved",
        }
    }

    /// What happens, in a line.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::ErrorBefore => "a call fails and has done nothing",
            Self::ErrorAfter => "a call does its work and is answered with an error",
            Self::Reset => "the connection breaks before a call arrives",
            Self::AnswerLost => "a call does its work and its answer is lost",
            Self::Throttled => "a call is throttled",
            Self::Stale => "a read answers what it answered a short time before",
            Self::Failures => "a service that runs cannot be described",
            Self::EmptyPage => "a list begins with an empty page",
            Self::Slow => "an answer takes minutes",
            Self::DeathBefore => "the function dies before a call",
            Self::DeathAfter => "the function dies after a call",
            Self::MessageLost => "SNS loses a message",
            Self::MessageDoubled => "SNS delivers a message twice",
            Self::MessageDelayed => "SNS delivers a message hours later",
            Self::MessageReordered => "SNS delivers a message after later ones",
            Self::EventLost => "an event for the function is lost",
            Self::EventDoubled => "an event for the function comes twice",
            Self::EventDelayed => "an event for the function comes hours later",
            Self::ColdStart => "the warm function is gone",
            Self::ClockSkew => "the function's clock is askew",
            Self::AlarmDisabled => "somebody disables the alarm's actions for a time",
            Self::AlarmMuted => "a mute rule withholds the alarm's actions for a time",
            Self::AlarmChanged => "somebody changes the alarm's settings for a time",
            Self::AlarmSet => "somebody sets the alarm's state",
            Self::DeliveryStops => "CloudTrail delivers nothing for a time, then all of it",
            Self::Unreserved => "two handlers may run at once for a time",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it befalls single calls of programs.
    #[must_use]
    pub fn befalls_calls(self) -> bool {
        self <= Self::DeathAfter
    }

    /// Whether it can befall this call.
    pub(super) fn suits(self, operation: &str) -> bool {
        match self {
            Self::Stale => ["Describe", "List", "Get", "Filter", "BatchGet"]
                .iter()
                .any(|verb| operation.starts_with(verb)),
            Self::Failures => operation == "DescribeServices",
            Self::EmptyPage => super::calls::list_member(operation).is_some(),
            kind => kind.befalls_calls(),
        }
    }

    /// Whether it is a state that lasts from its beginning to its end, however often it is felt.
    pub(super) fn lasts(self) -> bool {
        matches!(
            self,
            Self::ClockSkew
                | Self::AlarmDisabled
                | Self::AlarmMuted
                | Self::AlarmChanged
                | Self::DeliveryStops
                | Self::Unreserved
        )
    }

    /// Whether it is something that is done to the account when it begins, and mostly undone when it ends.
    #[must_use]
    pub fn is_by_hand(self) -> bool {
        matches!(
            self,
            Self::AlarmDisabled
                | Self::AlarmMuted
                | Self::AlarmChanged
                | Self::AlarmSet
                | Self::Unreserved
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
