"""Makes `data` and `answers.json` beside this file, with a program of format 1: python3 make.py PATH-TO-MINIMOST."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
NAMES = ["alice", "bob", "carol", "dave"]
PASSWORD = "Correct-horse-1"
LATER = time.time() + 360 * 24 * 3600


def ask(url, token=None, body=None):
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    if token:
        request.add_header("Authorization", "Bearer " + token)
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        sys.exit(f"{url} {body}: {refused.code} {refused.read()}")


class Person:
    def __init__(self, name, url, route):
        self.name, self.url = name, url
        _, account = ask(url + route, None, {"username": name, "password": PASSWORD})
        self.token = account["token"]

    def get(self, route):
        return ask(self.url + route, self.token)[1]

    def post(self, route, **body):
        return ask(self.url + route, self.token, body)[1]

    def send(self, channel, text, **more):
        return self.post("/send/" + channel, text=text, **more)["id"]


def start(program):
    settings = {
        "MINIMOST_AUTH__ARGON2_MEMORY_KIB": "64",
        "MINIMOST_LIMITS__SENDS_PER_MINUTE": "0",
        "MINIMOST_LIMITS__SIGNUPS_PER_HOUR": "0",
        "MINIMOST_LIMITS__LOGINS_PER_MINUTE": "0",
    }
    server = subprocess.Popen(
        [program, "--port", "0", "--data", DATA], stdout=subprocess.PIPE, text=True, env={**os.environ, **settings}
    )
    line = server.stdout.readline()
    return server, line.split("listening on ")[1].strip().rstrip("/")


def stop(server):
    server.terminate()
    assert server.wait() == 0


def tell(alice, bob, carol, dave):
    """What happens; answers with the wishes that are repeated later."""
    wishes = []

    def named(who, channel, text, name, **more):
        body = {"text": text, "client_msg_id": name, **more}
        wishes.append({"who": who.name, "route": "/send/" + channel, "body": body})
        return who.send(channel, text, client_msg_id=name, **more)

    first = named(alice, "general", "Good morning @bob and @carol, this is for @alice too", "a.1")
    named(bob, "general", "Good morning @everyone", "b.1")
    bob.post(f"/react/{first}", reaction="heart")
    carol.post(f"/react/{first}", reaction="heart", on=True)
    carol.post(f"/react/{first}", reaction="tada")
    bob.send("general", "I meant this one", reply_to_id=first)
    edited = named(bob, "general", "Lunch, @dave?", "b.2")
    bob.post(f"/edit/{edited}", text="Lunch, @carol?", client_msg_id="b.edit")
    wishes.append({"who": "bob", "route": f"/edit/{edited}", "body": {"text": "Lunch, @carol?", "client_msg_id": "b.edit"}})
    silent = bob.send("general", "Nobody in particular")
    bob.post(f"/edit/{silent}", text="Everybody: @everyone")
    gone = bob.send("general", "A secret of @alice and @carol")
    bob.post(f"/edit/{gone}", text="A bigger secret of @alice")
    bob.post(f"/delete/{gone}")
    moderated = carol.send("general", "Buy my @bob soap")
    alice.post(f"/delete/{moderated}", client_msg_id="a.delete")
    wishes.append({"who": "alice", "route": f"/delete/{moderated}", "body": {"client_msg_id": "a.delete"}})
    # Enough for more than one page, and for a recount when a marker goes back.
    for number in range(24):
        [alice, bob, carol, dave][number % 4].send("general", f"Message {number} about the weather")
    carol.post("/mark_read/general")
    mention = bob.send("general", "@carol, are you there?")
    alice.send("general", "@carol is at lunch, @here")
    dave.post("/mark_read/general", message_id=edited)
    bob.post("/mark_read/general")
    bob.post(f"/mark_unread/{mention}")

    # Threads: followed by replying, by being named, by hand; left, read, and unread again.
    root = alice.send("general", "Where do we meet?")
    for who, text in [(bob, "At the lake"), (carol, "Or at @dave's"), (alice, "Too far"), (bob, "@carol it is near")]:
        last = who.send("general", text, thread_id=root)
    both = carol.send("general", "Then at the lake", thread_id=root, also_send_to_channel=True)
    bob.post(f"/delete/{last}")
    alice.post(f"/thread/{root}/read", message_id=both)
    named(dave, "general", "I come later, @alice", "d.1", thread_id=root)
    second = bob.send("general", "Who brings the boat?")
    answer = alice.send("general", "I do", thread_id=second)
    carol.post(f"/thread/{second}/follow", on=True)
    alice.send("general", "Or @everyone does", thread_id=second)
    bob.post(f"/thread/{second}/read")
    bob.post(f"/mark_unread/{answer}")
    dave.post(f"/thread/{root}/follow", on=False)
    alice.post(f"/delete/{second}")

    # A private channel: history from joining and from the start, coming and going.
    plans = alice.post("/private_channels/create", name="Plans", members=["bob"], topic="What we do")["channel"]
    old = alice.send(plans, "Before carol came, @bob")
    bob.send(plans, "A reply", thread_id=old)
    alice.post(f"/channels/{plans}/members", users=["carol"])
    alice.post(f"/channels/{plans}/members", users=["dave"], history="start")
    alice.send(plans, "Welcome @carol and @dave")
    alice.send(plans, "A later reply, @carol", thread_id=old)
    carol.send(plans, "Thank you", thread_id=old)
    dave.post(f"/channels/{plans}/leave")
    alice.send(plans, "Good that @dave is gone")
    alice.post(f"/channels/{plans}/members", users=["dave"])
    bob.send(plans, "Welcome back @dave")

    # Direct ones.
    named(alice, "dm:alice:bob", "psst @bob", "a.2")
    bob.send("dm:alice:bob", "yes?")
    three = carol.post("/dms", users=["alice", "bob"])["channel"]
    carol.send(three, "The three of us")
    alice.send("dm:alice", "A note to myself")
    dave.send("dm:bob:dave", "hello bob")
    bob.post("/dms/close", channel="dm:bob:dave")

    # A channel that one joins, and leaves.
    carol.post("/channels", channel="lake", name="The lake", topic="Boats")
    bob.post("/channels/lake/join")
    boat = carol.send("lake", "Boats for @bob")
    bob.send("lake", "A boat in a thread", thread_id=boat)
    bob.post("/channels/lake/leave")
    carol.send("lake", "@bob has left")

    # What hangs on messages, and what is one's own.
    poll = alice.post("/poll/general", question="When?", options=["Friday", "Sunday"], is_multiple=True)["id"]
    bob.post(f"/vote/{poll}", options=[0, 1])
    carol.post(f"/vote/{poll}", options=[1])
    done = bob.post("/poll/general", question="Tea?", options=["Yes", "No"])["id"]
    alice.post(f"/vote/{done}", options=[0])
    bob.post(f"/close_poll/{done}")
    for message in [first, root]:
        alice.post(f"/pin/{message}", on=True)
    carol.post(f"/save/{mention}", on=True)
    carol.post(f"/save/{both}", on=True)
    alice.post(f"/forward/{first}", channel=plans, text="Look at this")
    alice.post("/remind", message_id=root, due_ts=LATER)
    alice.post("/remind", text="Water the flowers", due_ts=LATER)
    bob.post("/drafts/general", text="What I never sent")
    bob.post("/drafts/general", text="What I have not sent yet")
    carol.post("/drafts/general", text="In the thread", thread_id=root)
    alice.post("/schedule/general", text="A happy new year, @everyone", send_at_ts=LATER)
    carol.post("/notifications/general", level="mentions")
    alice.post("/groups", handle="sailors", name="Sailors", members=["bob", "carol"])
    bob.send("general", "@sailors: tomorrow")
    alice.post("/channels/random/topic", topic="Anything")
    named(carol, "random", "The last word is @alice's", "c.1")
    return wishes, {"first": first, "edited": edited, "root": root, "second": second, "plans": plans, "old": old, "three": three, "mention": mention, "boat": boat}


def questions(at):
    """What each of them asks."""
    common = ["/channel_unreads", "/unread_count", "/private_channels", "/dms", "/mentions", "/mentions?all=true&limit=50",
              "/threads", "/threads?unread=true", "/saved", "/drafts", "/scheduled", "/reminders", "/pins/general",
              "/messages/general?limit=5", "/last_read/general"]
    more = {
        "alice": ["/messages/general?limit=60", f"/thread/{at['root']}", f"/messages/{at['plans']}", "/messages/dm:alice:bob", "/messages/dm:alice", f"/receipts/{at['mention']}",
                  f"/message/{at['edited']}/history", f"/thread/{at['second']}", f"/messages/{at['three']}"],
        "bob": [f"/messages/general?limit=5&before_id={at['root']}", f"/messages/general?around_id={at['mention']}&limit=5",
                "/messages/dm:bob:dave", f"/thread/{at['second']}", f"/thread/{at['old']}"],
        "carol": [f"/messages/{at['plans']}", f"/messages/general?limit=5&after_id={at['first']}", "/messages/lake", f"/thread/{at['root']}",
                  f"/thread/{at['old']}", "/messages/random", f"/thread/{at['boat']}"],
        "dave": [f"/messages/{at['plans']}", "/messages/general?after=0&limit=6"],
    }
    return [(name, route) for name in NAMES for route in common + more[name]]


def main(program):
    shutil.rmtree(DATA, ignore_errors=True)
    server, url = start(program)
    people = [Person(name, url, "/signup") for name in NAMES]
    wishes, at = tell(*people)
    stop(server)
    # The answers are those of a server that has started on the data as it is kept.
    kept = DATA + ".kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(DATA, kept, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    server, url = start(program)
    people = {name: Person(name, url, "/login") for name in NAMES}
    answers = [{"who": who, "route": route, "answer": people[who].get(route)} for who, route in questions(at)]
    for wish in wishes:
        wish["answer"] = people[wish["who"]].post(wish["route"], **wish["body"])
    stop(server)
    shutil.rmtree(DATA)
    os.rename(kept, DATA)
    with open(os.path.join(HERE, "answers.json"), "w") as file:
        lines = [f' "{key}": [\n' + ",\n".join("  " + json.dumps(it, separators=(",", ":")) for it in value) + "\n ]" for key, value in
                 [("reads", answers), ("repeats", wishes)]]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


main(sys.argv[1])
