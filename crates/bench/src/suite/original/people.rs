//! Accounts of the original: signed up through its form, as a person would.

use std::net::SocketAddr;

use anyhow::{Context, ensure};

use crate::http::{self, Client, Credentials, header};

/// Long and mixed enough for the original's rule.
const PASSWORD: &str = "Correct-horse-1-battery";

/// Signs people up; each is logged in.
pub fn sign_up(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Credentials>> {
    let mut client = Client::connect(address)?;
    (0..count).map(|person| sign_up_one(&mut client, person)).collect()
}

fn sign_up_one(client: &mut Client, person: usize) -> anyhow::Result<Credentials> {
    client.expect_success(&http::get("/signup", &Credentials::None))?;
    let anonymous = cookie(&client.head())?;
    let csrf_token = csrf_token(&client.body())?;
    let form = format!(
        "username=user{person}&password={PASSWORD}&confirm_password={PASSWORD}&csrf_token={csrf_token}"
    );
    let status = client.call(&http::post_form("/signup", &anonymous, &form))?;
    ensure!(status == 302, "the original refused a sign-up with {status}");
    cookie(&client.head())
}

fn cookie(head: &str) -> anyhow::Result<Credentials> {
    let set = header(head, "set-cookie").context("no cookie was set")?;
    let (cookie, _) = set.split_once(';').unwrap_or((set, ""));
    Ok(Credentials::Cookie(cookie.to_owned()))
}

/// 64 hex digits in the value of the form's hidden field.
fn csrf_token(page: &str) -> anyhow::Result<String> {
    let (_, field) = page.split_once("csrf_token").context("a form without a token")?;
    let is_token = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let token = field.split('"').find(is_token).context("a form without a token")?;
    Ok(token.to_owned())
}
