//! Bars that are drawn again and again, where somebody watches; nothing elsewhere.

use std::collections::BTreeMap;
use std::io;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How the rolls stand, drawn on standard error.
#[derive(Debug)]
pub struct Live {
    drawn: Option<(MultiProgress, BTreeMap<String, ProgressBar>)>,
}

impl Live {
    /// One bar for each, told by a key and shown by a name. `watched` says whether there is a terminal.
    pub(super) fn new(watched: bool, names: impl Iterator<Item = (String, String)>) -> Self {
        let drawn = watched.then(|| {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let bars = names.map(|(key, name)| {
                let bar = ProgressBar::new(0).with_style(style()).with_prefix(name);
                (key, all.add(bar))
            });
            let bars = bars.collect();
            (all, bars)
        });
        Self { drawn }
    }

    /// Whether anything is drawn.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.drawn.is_some()
    }

    /// Draws a bar again: so many of so many, and what is to be said.
    pub fn show(&mut self, key: &str, (part, whole): (i32, i32), text: &str) {
        if let Some(bar) = self.bar(key) {
            bar.set_length(u64::try_from(whole).unwrap_or_default());
            bar.set_position(u64::try_from(part).unwrap_or_default());
            bar.set_message(text.to_owned());
            bar.tick();
        }
    }

    /// Takes a bar away.
    pub fn end(&mut self, key: &str) {
        if let Some((_, bars)) = &mut self.drawn
            && let Some(bar) = bars.remove(key)
        {
            bar.finish_and_clear();
        }
    }

    /// Says beside every bar why it stands still.
    pub fn waits(&mut self, why: &str) {
        if let Some((_, bars)) = &self.drawn {
            for bar in bars.values() {
                bar.set_message(format!("not readable, tried again: {why}"));
            }
        }
    }

    /// Writes something else meanwhile, so that neither gets in the way of the other.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn around(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &self.drawn {
            Some((all, _)) => all.suspend(write),
            None => write(),
        }
    }

    /// Leaves nothing behind.
    pub fn clear(&mut self) {
        if let Some((all, bars)) = self.drawn.take() {
            for bar in bars.values() {
                bar.finish_and_clear();
            }
            // A terminal that is gone needs no cleaning.
            let _ = all.clear();
        }
    }

    fn bar(&self, key: &str) -> Option<&ProgressBar> {
        self.drawn.as_ref()?.1.get(key)
    }
}

impl Drop for Live {
    /// Also when somebody interrupts.
    fn drop(&mut self) {
        self.clear();
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{prefix} [{bar:20}] {wide_msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::{Live, style};

    #[test]
    fn without_a_terminal_nothing_is_drawn() {
        let mut live = Live::new(false, std::iter::once(("a".to_owned(), "web".to_owned())));
        assert!(!live.is_drawn());
        live.show("a", (1, 2), "text");
        live.waits("why");
        assert!(live.around(|| Ok(())).is_ok());
        live.end("a");
        live.clear();
    }

    #[test]
    fn bars_come_and_go() {
        let names = ["a", "b"].map(|key| (key.to_owned(), format!("prod/{key}")));
        let mut live = Live::new(true, names.into_iter());
        live.show("a", (1, 2), "one of two");
        let bar = live.bar("a").unwrap();
        assert_eq!((bar.position(), bar.length()), (1, Some(2)));
        assert_eq!(
            (bar.prefix(), bar.message()),
            ("prod/a".to_owned(), "one of two".to_owned())
        );
        live.end("a");
        assert!(live.bar("a").is_none() && live.bar("b").is_some());
        live.clear();
        assert!(!live.is_drawn());
        // The template is read when the style is made.
        let _ = style();
    }
}
