use super::Lab;

/// Seconds since the update, and `new + old of wanted, pending`.
fn told(lab: &mut Lab) -> Vec<(i64, String)> {
    let start = lab.now;
    let mut all = Vec::new();
    lab.watch(300, |lab| {
        for tally in lab.ecs.tallies() {
            let tasks = tally.tasks;
            let (new, old, wanted) = (tasks.new, tasks.old, tasks.wanted);
            let pending = tasks.pending;
            let after = (tally.at - start).num_seconds();
            all.push((after, format!("{new} + {old} of {wanted}, {pending}")));
        }
    });
    all
}

#[test]
fn every_change_in_the_number_of_tasks_is_told_once_where_it_is_asked_for() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    lab.roll("r/web:2");
    assert_eq!(told(&mut lab), [], "nobody asked");

    lab.ecs.settings_mut().tallies = true;
    lab.roll("r/web:3");
    let all = told(&mut lab);
    let all: Vec<(i64, &str)> = all.iter().map(|(at, told)| (*at, told.as_str())).collect();
    assert_eq!(
        all,
        [
            (0, "0 + 2 of 2, 2"),
            (20, "2 + 2 of 2, 0"),
            (60, "2 + 0 of 2, 0"),
        ]
    );
}
