"""Merging, splitting, duplicates, spam and replies to all children over REST."""

from tests.contract.gateway.test_desk_pages import a_ticket
from tests.doors import Doors


async def test_a_merge_is_previewed_made_and_taken_back(doors: Doors) -> None:
    http = await doors.signed_in()
    source, target = await a_ticket(doors, tags=("a",)), await a_ticket(doors)
    preview = (await http.get(f"/tickets/{source.id}/merge", params={"into": str(target.number)})).json()
    assert (preview["messages"], preview["added_tags"], preview["refusal"]) == (1, ["a"], "")
    key = {"Idempotency-Key": str(source.id)}
    for _ in range(2):
        merged = await http.post(f"/tickets/{source.number}/merge", json={"into": str(target.number)}, headers=key)
        assert (merged.status_code, merged.json()["merged_into"]) == (200, str(target.id))
    again = await http.post(f"/tickets/{target.id}/merge", json={"into": str(source.id)})
    assert (again.status_code, again.json()["reason"]) == (409, "INTO_MERGED")
    unmerged = (await http.post(f"/tickets/{source.id}/unmerge")).json()
    assert (unmerged["ticket"]["status"], unmerged["kept"]) == ("new", [])


async def test_many_are_merged_into_one(doors: Doors) -> None:
    http = await doors.signed_in()
    target, *others = [await a_ticket(doors) for _ in range(3)]
    body = {"ticket_ids": [str(other.id) for other in others], "into": str(target.id)}
    outcomes = (await http.post("/merges", json=body)).json()["items"]
    assert outcomes == [{"ticket_id": str(other.id), "refusal": ""} for other in others]
    assert (await http.post("/merges", json={"ticket_ids": [], "into": "1"})).status_code == 422


async def test_splits_duplicates_and_spam(doors: Doors) -> None:
    http = await doors.signed_in()
    ticket, original = await a_ticket(doors), await a_ticket(doors)
    said = await http.post(f"/tickets/{ticket.id}/messages", json={"visibility": "public", "body": "About the chair"})
    path = f"/tickets/{ticket.id}/messages/{said.json()['id']}/split"
    split = await http.post(path, json={"subject": "Chair"})
    assert (split.status_code, split.json()["subject"]) == (201, "Chair")
    assert split.headers["location"] == f"/api/v1/tickets/{split.json()['id']}"
    assert (await http.post(path)).status_code == 404
    named = {"original": str(original.number)}
    marked = await http.put(f"/tickets/{ticket.id}/duplicate-of", json=named)
    assert marked.json()["duplicate_of"] == str(original.id)
    assert (await http.delete(f"/tickets/{ticket.id}/duplicate-of")).json()["duplicate_of"] is None
    assert (await http.post(f"/tickets/{ticket.id}/spam")).json()["spam"]
    assert not (await http.post(f"/tickets/{ticket.id}/not-spam")).json()["spam"]


async def test_a_reply_to_all_children(doors: Doors) -> None:
    http = await doors.signed_in()
    parent = await a_ticket(doors)
    assert (await http.post(f"/tickets/{parent.id}/broadcasts", json={"body": "News"})).status_code == 409
    child = await a_ticket(doors)
    await http.put(f"/tickets/{child.id}/parent", json={"parent_id": str(parent.id)})
    begun = await http.post(f"/tickets/{parent.id}/broadcasts", json={"body": "News, {name}"})
    assert (begun.status_code, begun.json()["total"]) == (202, 1)
    (listed,) = (await http.get(f"/tickets/{parent.id}/broadcasts")).json()["items"]
    assert listed == begun.json()
