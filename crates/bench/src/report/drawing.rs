//! A drawing of what people cost, beside the tables that it is drawn from.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::document::newest_cells;
use super::{Row, Value};

/// What the rows are called that have it, before the label.
const SUITE: &str = "people-cost-";

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 470.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 296.0;

/// Colours that are told apart on white and on black, one for each label.
const COLOURS: [&str; 4] = ["#c2571a", "#1f7a8c", "#7a5cc2", "#5b8c2a"];

/// One line of the drawing.
struct Line {
    label: String,
    how: String,
    messages: f64,
    points: Vec<Point>,
}

#[derive(Clone, Copy)]
struct Point {
    people: f64,
    cores: f64,
    has_errors: bool,
}

/// What the axes go up to.
struct Scale {
    people_max: f64,
    cores_max: f64,
}

impl Scale {
    fn x(&self, people: f64) -> f64 {
        LEFT + people / self.people_max * (RIGHT - LEFT)
    }

    fn y(&self, cores: f64) -> f64 {
        BOTTOM - cores / self.cores_max * (BOTTOM - TOP)
    }
}

/// Cores against people, a line for each label, kind of start and number of messages; `None` when nothing was measured.
pub fn cost_against_people(rows: &[Row]) -> Option<String> {
    let lines = lines(rows);
    let scale = Scale {
        people_max: largest(&lines, |point| point.people)?,
        cores_max: largest(&lines, |point| point.cores)?.max(0.1) * 1.05,
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"CPU of the server against people\">\n{STYLE}\
         <text x=\"{LEFT}\" y=\"18\">CPU of the server in cores, against people; hollow: with errors</text>\n"
    );
    draw_axes(&mut text, &scale);
    let messages_min = lines.iter().map(|line| line.messages).reduce(f64::min)?;
    let mut labels: Vec<&str> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !labels.contains(&line.label.as_str()) {
            labels.push(&line.label);
        }
        let colour = COLOURS[(labels.len() - 1) % COLOURS.len()];
        let dashes = match (line.how == "cold", line.messages > messages_min) {
            (false, false) => "none",
            (false, true) => "9 4",
            (true, false) => "2 3",
            (true, true) => "2 6",
        };
        draw_line(&mut text, line, &scale, at, (colour, dashes));
    }
    text.push_str("</svg>\n");
    Some(text)
}

const STYLE: &str = "<style>\n\
    text { font: 12px system-ui, sans-serif; fill: #333 }\n\
    .end { text-anchor: end }\n\
    .mid { text-anchor: middle }\n\
    .grid { stroke: #8884 }\n\
    path { fill: none }\n\
    .line, circle { stroke-width: 2 }\n\
    @media (prefers-color-scheme: dark) { text { fill: #ddd } }\n\
    </style>\n";

const WRITES: &str = "text grows as it must";

fn draw_axes(text: &mut String, scale: &Scale) {
    for cores in steps(scale.cores_max) {
        let y = scale.y(cores);
        writeln!(text, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>").expect(WRITES);
        let (x, y) = (LEFT - 6.0, y + 4.0);
        writeln!(text, "<text class=\"end\" x=\"{x}\" y=\"{y:.1}\">{cores}</text>").expect(WRITES);
    }
    for people in steps(scale.people_max) {
        let (x, y, people) = (scale.x(people), BOTTOM + 18.0, Value::from(people));
        writeln!(text, "<text class=\"mid\" x=\"{x:.1}\" y=\"{y}\">{people}</text>").expect(WRITES);
    }
}

/// The line, and its place in the key.
fn draw_line(text: &mut String, line: &Line, scale: &Scale, at: usize, look: (&str, &str)) {
    let (colour, dashes) = look;
    let places: Vec<_> = line
        .points
        .iter()
        .map(|point| (scale.x(point.people), scale.y(point.cores), point.has_errors))
        .collect();
    let path: Vec<_> = places.iter().map(|(x, y, _)| format!("{x:.1} {y:.1}")).collect();
    let stroke = format!("stroke=\"{colour}\" stroke-dasharray=\"{dashes}\"");
    let path = path.join("L");
    writeln!(text, "<path class=\"line\" {stroke} d=\"M{path}\"/>").expect(WRITES);
    for (x, y, has_errors) in places {
        let fill = if has_errors { "none" } else { colour };
        let look = format!("r=\"4\" stroke=\"{colour}\" fill=\"{fill}\"");
        writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" {look}/>").expect(WRITES);
    }
    let (x, y) = (RIGHT + 16.0, TOP + 10.0 + 20.0 * crate::clock::real(at as u64));
    writeln!(text, "<path class=\"line\" {stroke} d=\"M{x} {y:.1}h26\"/>").expect(WRITES);
    let (x, y) = (x + 32.0, y + 4.0);
    let name = format!("{}, {}, {}", line.label, line.how, Value::from(line.messages));
    writeln!(text, "<text x=\"{x}\" y=\"{y:.1}\">{name}</text>").expect(WRITES);
}

/// The usual activity, cold and warm; what was only measured for one number of people is no line.
fn lines(rows: &[Row]) -> Vec<Line> {
    let mut suites: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.suite.starts_with(SUITE)) {
        if !suites.contains(&row.suite.as_str()) {
            suites.push(&row.suite);
        }
    }
    let mut lines = Vec::new();
    for suite in suites {
        let mut found: BTreeMap<(String, String), Line> = BTreeMap::new();
        for row in newest_cells(rows, suite) {
            let (Some(people), Some(messages), Some(cores)) =
                (row.number("people"), row.number("messages"), row.number("CPU cores"))
            else {
                continue;
            };
            let how = row.cell("how").map(ToString::to_string).unwrap_or_default();
            if how != "cold" && how != "warm" {
                continue;
            }
            let label = suite[SUITE.len()..].to_owned();
            let line = found.entry((how.clone(), format!("{messages:012}")));
            let line = line.or_insert(Line { label, how, messages, points: Vec::new() });
            let has_errors = row.number("errors").is_some_and(|errors| errors > 0.0);
            line.points.push(Point { people, cores, has_errors });
        }
        lines.extend(found.into_values().filter(|line| line.points.len() > 1));
    }
    lines
}

fn largest(lines: &[Line], of: impl Fn(&Point) -> f64) -> Option<f64> {
    lines.iter().flat_map(|line| line.points.iter().map(&of)).reduce(f64::max)
}

/// Four or five round numbers from 0 up.
fn steps(max: f64) -> Vec<f64> {
    let rough = max / 4.0;
    let unit = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|times| times * unit);
    let step = steps.into_iter().rfind(|step| *step <= rough * 1.001).unwrap_or(unit);
    let mut steps = Vec::new();
    let mut at = 0_u64;
    while crate::clock::real(at) * step <= max * 1.001 {
        // Sums of tenths would show their error.
        steps.push((crate::clock::real(at) * step * 1_000.0).round() / 1_000.0);
        at += 1;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, people: u64, how: &str, cores: f64) -> Row {
        let row = Row::new(&format!("people-cost-{label}")).with("people", people);
        row.with("messages", 20_000_u64).with("how", how).with("CPU cores", cores)
    }

    #[test]
    fn each_label_has_a_line_from_few_people_to_many() {
        let rows = [
            row("before", 200, "warm", 0.1),
            row("before", 2_000, "warm", 0.4),
            row("after", 200, "warm", 0.02),
            row("after", 2_000, "warm", 0.2),
            row("after", 200, "warm, 4 x", 0.2),
        ];
        let drawing = cost_against_people(&rows).expect("there is something to draw");
        assert_eq!(drawing.matches("<circle").count(), 4);
        assert!(
            drawing.contains("before, warm, 20,000") && drawing.contains("after, warm, 20,000")
        );
    }

    #[test]
    fn an_axis_has_round_numbers() {
        assert_eq!(steps(5_000.0), [0.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0, 5_000.0]);
        assert_eq!(steps(0.42), [0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn nothing_measured_is_not_drawn() {
        assert!(cost_against_people(&[Row::new("machine")]).is_none());
    }
}
