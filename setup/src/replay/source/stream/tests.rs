use super::{Holder, Odd, Place, Take, each};

/// Takes everything that begins like JSON.
#[derive(Default)]
struct Taken(Vec<(Place, String)>, Vec<Place>);

impl Take for Taken {
    fn value(&mut self, place: Place, text: &[u8]) -> Result<(), serde_json::Error> {
        if text.starts_with(b"{broken") {
            serde_json::from_slice::<serde_json::Value>(text)?;
        }
        let text = String::from_utf8_lossy(text).into_owned();
        self.0.push((place, text));
        Ok(())
    }

    fn bad(&mut self, place: Place, _: &[u8]) {
        self.1.push(place);
    }
}

fn values(text: &str) -> Result<Taken, Odd> {
    let mut taken = Taken::default();
    each(text.as_bytes(), &mut taken)?;
    Ok(taken)
}

fn found(text: &str) -> Vec<(Place, String)> {
    values(text).unwrap().0
}

fn at(place: Place, text: &str) -> (Place, String) {
    (place, text.to_owned())
}

#[test]
fn lists_are_taken_apart_and_other_values_are_whole() {
    let text = "\u{feff}{\"Records\":\n [{\"a\":1} , 7], \"more\": {\"x\": [1]}}\n{\"b\":\"]}\"}\n[]\n[{}]";
    let expected = [
        at(
            Place::Element(Holder::Document(1), "record", 1),
            "{\"a\":1}",
        ),
        at(Place::Element(Holder::Document(1), "record", 2), "7"),
        at(Place::Document(2), "{\"b\":\"]}\"}"),
        at(Place::Element(Holder::Document(4), "record", 1), "{}"),
    ];
    assert_eq!(found(text), expected);
    assert_eq!(
        found("{\"events\":[\"x\"]}"),
        [at(Place::Element(Holder::Document(1), "event", 1), "\"x\"")]
    );
    assert_eq!(found("{\n}\n{}").len(), 2);
    assert_eq!(found(" \n"), []);
}

#[test]
fn a_bad_line_hides_no_other() {
    let taken = values("{}\n\n{broken\n{\"a\": 1} \r\n{broken}\n{broken}\n[1]\n{broken").unwrap();
    let lines = [
        at(Place::Line(1), "{}"),
        at(Place::Line(4), "{\"a\": 1}"),
        at(Place::Element(Holder::Line(7), "record", 1), "1"),
    ];
    assert_eq!(taken.0, lines);
    assert_eq!(taken.1, [3, 5, 6, 8].map(Place::Line));
    assert!(
        values("{}\n{broken\n{broken\n{}").is_err(),
        "laid out over lines"
    );
}

#[test]
fn a_damaged_first_line_hides_no_other() {
    for torn in ["{broken}}", "{broken:{}},\"b\":1}", "{broken},]"] {
        let taken = values(&format!("{torn}\n{{}}\n{{}}")).unwrap();
        let lines = [2, 3].map(|line| at(Place::Line(line), "{}"));
        assert_eq!(taken.0, lines, "{torn}");
        assert_eq!(taken.1, [Place::Line(1)], "{torn}");
    }
    let odd = values("{\"a\":1}\"b\":1}\n{}}").err().unwrap();
    assert!(odd.is_layout, "{odd:?}");
    let two = found("{\"a\":1}{\"b\":1}\n{}");
    assert_eq!(two.len(), 3, "one behind the other");
    let odd = values("{\"a\":1},\n{\"b\":1}").err().unwrap();
    assert!(odd.is_layout, "{odd:?}");
    assert!(!values("{\"a\":1").err().unwrap().is_layout);
}

#[test]
fn the_second_line_tells_of_lines_where_the_first_is_cut() {
    for cut in ["{broken \"b", "{broken: {}", "{\"Records\":[1,2,{\"a"] {
        let taken = values(&format!("\n\n{cut}\n{{}}\n{{}}")).unwrap();
        let lines = [4, 5].map(|line| at(Place::Line(line), "{}"));
        assert!(taken.0.ends_with(&lines), "{cut}: {:?}", taken.0);
        assert!(taken.1.contains(&Place::Line(3)), "{cut}");
    }
    let laid_out = found("{\"Records\":[\n{\"a\":1}\n]}");
    assert_eq!(laid_out.len(), 1);
}

#[test]
fn among_lines_that_are_good_two_that_are_cut_hide_no_other() {
    let taken = values("{}\n{}\n{broken\n{broken\n{broken\n{}").unwrap();
    assert_eq!(taken.0.len(), 3);
    assert_eq!(taken.1, [3, 4, 5].map(Place::Line));
}

#[test]
fn lists_may_stand_on_lines() {
    let taken =
        values("{\"Records\": [1, {broken}, 2]}\n{broken\n[3]\n{\"events\": [4]} 5\n{}").unwrap();
    let of = |line, what, number| Place::Element(Holder::Line(line), what, number);
    let places: Vec<Place> = taken.0.iter().map(|(place, _)| *place).collect();
    let found = [
        of(1, "record", 1),
        of(1, "record", 3),
        of(3, "record", 1),
        of(4, "event", 1),
        Place::Line(5),
    ];
    assert_eq!(places, found);
    assert_eq!(
        taken.1,
        [of(1, "record", 2), Place::Line(2), Place::Line(4)]
    );
}

#[test]
fn a_bad_element_hides_no_other() {
    let taken = values("{\"Records\": [1, {broken}, {broken [\"]}\"]}, 2]}").unwrap();
    let found: Vec<&str> = taken.0.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(found, ["1", "2"]);
    let bad = [2, 3].map(|number| Place::Element(Holder::Document(1), "record", number));
    assert_eq!(taken.1, bad);
}

#[test]
fn what_is_cut_short_is_odd() {
    for text in [
        "{\"Records\": [{\"a\":1}",
        "{\"Records\": [{\"a\":1}, ]",
        "{\"Records\": [{\"a\":1} {}]}",
        "{\"a\":1",
        "[1",
        "{\"Records\": []",
        "{\"Records\": [] ]}",
        "{\"a\": \"x",
    ] {
        assert!(values(text).is_err(), "{text}");
    }
}

#[test]
fn a_list_of_any_length_is_read_in_pieces() {
    let element = format!("{{\"text\":\"{}\"}}", "x".repeat(70_000));
    let text = format!(
        "{{\"Records\":[{}]}}",
        vec![element.as_str(); 300].join(",")
    );
    let all = found(&text);
    assert_eq!(all.len(), 300);
    assert!(all.iter().all(|(_, text)| *text == element));
}
