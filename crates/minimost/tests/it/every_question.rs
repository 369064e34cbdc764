//! Odd questions, to every reading route there is: whatever stands in a parameter or in the place of a name, the answer is
//! one or a refusal of the table, and never a fault. `every_wish.rs` does it to the writing routes, the tables of
//! `access_matrix` say who is answered at all.

use minimost::api::ProblemKind;
use reqwest::Method;
use serde_json::Value;

use crate::access_matrix::{ROLES, Row, Scene, rows};

/// What the parameters of a query may be mistaken for, percent-encoded.
const ODD: [&str; 24] = [
    "",
    "0",
    "-0",
    "-1",
    "1.5",
    "1e3",
    "1e308",
    "-1e308",
    "1e999",
    "NaN",
    "inf",
    "200",
    "201",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999",
    "true",
    "TRUE",
    "%00",
    "%ff",
    "%E2%80%AE%F0%9F%8C%B4",
    "%27%3B+DROP+TABLE+messages%3B--",
    "..%2f..%2fetc%2fpasswd",
    "a.b.c",
];

/// Every reading route with the first path of the table that is answered; the live stream does not end.
fn questions() -> Vec<(Row, &'static str)> {
    let mut questions: Vec<(Row, &str)> = Vec::new();
    for row in rows().into_iter().filter(|row| row.method == Method::GET) {
        let is_new = questions.iter().all(|(it, _)| it.template != row.template);
        let Some(at) = row.expected.iter().rposition(|status| status == "200") else { continue };
        if is_new && row.template != "/events" {
            questions.push((row, ROLES[at]));
        }
    }
    questions
}

/// The names of the parameters of a route's query.
fn parameters(document: &Value, template: &str) -> Vec<String> {
    let parameters = document["paths"][template]["get"]["parameters"].as_array();
    let of_query = parameters.into_iter().flatten().filter(|it| it["in"] == "query");
    of_query.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// Every odd form of a question: a parameter that is odd, is given twice, or is there beside each other one, and a path
/// in which the name of something is.
fn odd_forms(template: &str, path: &str, parameters: &[String]) -> Vec<String> {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let mut forms = Vec::new();
    for name in parameters {
        forms.extend(ODD.map(|value| format!("{path}?{name}={value}")));
        forms.push(format!("{path}?{name}={}", "x".repeat(8_000)));
        forms.push(format!("{path}?{name}=1&{name}=2"));
        let others = parameters.iter().filter(|other| *other != name);
        forms.extend(others.map(|other| format!("{path}?{name}=1&{other}=17")));
    }
    forms.push(format!("{path}?unheard-of=1&%ff=%00&&==&"));
    if let (Some(from), Some(to)) = (template.find('{'), template.find('}')) {
        let names = ODD.iter().filter(|odd| !odd.is_empty());
        let place = &template[from..=to];
        forms.extend(names.map(|name| template.replace(place, name)));
        forms.push(template.replace(place, &"x".repeat(8_000)));
    }
    forms
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered_or_refused_and_changes_nothing() {
    let document = minimost::api::openapi::openapi();
    let stage = Scene::build().await.stage().await;
    let before = stage.person("administrator").cursor().await;
    let mut asked = 0;
    for (row, role) in questions().iter().filter(|(row, _)| row.template != "/logout") {
        let parameters = parameters(&document, &row.template);
        for form in odd_forms(&row.template, &stage.fill(&row.path), &parameters) {
            asked += 1;
            let answer = stage.person(role).get(&form).await;
            if answer.status == 200 {
                continue;
            }
            assert!((400..500).contains(&answer.status), "{form}: {answer:?}");
            let problem = answer.json();
            let slug = problem["type"].as_str().unwrap().trim_start_matches("/problems/");
            assert!(ProblemKind::from_slug(slug).is_some(), "{form}: {slug} is not in the table");
        }
    }
    assert!(asked > 500, "the routes have parameters: {asked}");
    assert_eq!(stage.person("administrator").cursor().await, before, "nothing changed");
}
