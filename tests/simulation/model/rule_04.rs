//! Rule 4, exactly these services: a service changes only if a container's image names exactly the pushed account, Region
//! and repository, or the configuration says so.

use super::image::Named;
use super::roll::Roll;
use super::{Model, Moment};

impl Model {
    /// What a roll does to the images: of a container that changes only the tag or the digest, and only as configured.
    /// Whether a push asks for it is looked at where the push is searched.
    ///
    /// Excuse: what somebody deployed after the service had been read for the last time ([`Model::is_unseen`]).
    pub(super) fn check_images(&mut self, roll: &Roll, moment: Moment<'_>) {
        let mut wrong = Vec::new();
        for new in &roll.new.containers {
            let old = roll.old.containers.iter().find(|c| c.name == new.name);
            let Some(old) = old.filter(|old| old.image != new.image) else {
                continue;
            };
            let ends = [&old.named, &new.named].map(Option::as_ref);
            let [Some((from, before)), Some((to, after))] = ends else {
                wrong.push(format!(
                    "the image {} became {}, and one of them is not in ECR",
                    old.image, new.image
                ));
                continue;
            };
            if from != to && !self.is_unseen(roll, moment) {
                wrong.push(format!("the image of {from} became one of {to}"));
            }
            let pinned = matches!(after, Named::Digest(_));
            let was_pinned = matches!(before, Named::Digest(_));
            // README: "Images by digest stay by digest."
            let asked = roll.service.asked.pin_digest || was_pinned;
            if pinned != asked && !self.is_unseen(roll, moment) {
                wrong.push(format!(
                    "the image {} is not pinned as configured",
                    new.image
                ));
            }
        }
        let same = roll.old.raw.get("taskDefinitionArn") == roll.new.raw.get("taskDefinitionArn");
        if same != roll.service.asked.force {
            let action = if same { "revision" } else { "force" };
            wrong.push(format!(
                "the action was not the configured one: {action} was left out"
            ));
        }
        if roll.service.asked.hold {
            wrong.push("it is on hold".to_owned());
        }
        for what in wrong {
            self.say(4, moment.at, format!("{} was rolled: {what}", roll.name()));
        }
    }
}
