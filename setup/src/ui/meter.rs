//! A bar that says how far reading is, where somebody watches; nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is read in a moment needs no bar.
const SMALL: u64 = 16 << 20;

/// How far reading is, drawn on standard error.
#[derive(Debug)]
pub struct Meter(Option<ProgressBar>);

impl Meter {
    /// A bar for so many bytes, where there is a terminal and the bytes take a while.
    pub(super) fn new(watched: bool, bytes: u64) -> Self {
        Self((watched && bytes > SMALL).then(|| {
            let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
            bar.with_style(style())
        }))
    }

    /// So many bytes have been read by now, and so many records found in them.
    pub fn show(&self, bytes: u64, records: usize) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
            let seconds = bar.elapsed().as_secs().max(1);
            let rate = (records as u64).checked_div(seconds).unwrap_or_default();
            bar.set_message(format!("{records} records, {rate} a second"));
        }
    }
}

impl Drop for Meter {
    /// Leaves nothing behind, also when somebody interrupts.
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    let template = "reading [{bar:20}] {bytes} of {total_bytes}, {wide_msg} {eta} left";
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::{Meter, SMALL};

    #[test]
    fn only_a_long_way_is_shown_and_only_to_who_watches() {
        for (watched, bytes, drawn) in [
            (true, SMALL + 1, true),
            (true, SMALL, false),
            (false, u64::MAX, false),
        ] {
            let meter = Meter::new(watched, bytes);
            assert_eq!(meter.0.is_some(), drawn, "{watched} {bytes}");
            meter.show(5, 2);
            if let Some(bar) = &meter.0 {
                assert_eq!(
                    (bar.position(), bar.message().as_str()),
                    (5, "2 records, 2 a second")
                );
            }
        }
    }
}
