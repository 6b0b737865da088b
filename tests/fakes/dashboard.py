"""The KSB at the pages of one zuil, over HTTP."""

import httpx


class Dashboard:
    """A browser without a screen, in which the demo's KSB is logged in."""

    def __init__(self, url, number):
        self.client = httpx.Client(
            base_url=url, headers={"accept": "text/html", "accept-language": "nl", "origin": url}
        )
        person = self.client.get("/login").text.partition("Karima El Idrissi")[2]
        staff_id = person.partition('name="staff_id" value="')[2].partition('"')[0]
        self.client.post("/login/demo", data={"staff_id": staff_id})
        self.here = f"/dashboard/zuilen/{number}"

    def post(self, deed, **fields):
        answer = self.client.post(f"{self.here}/{deed}", data=fields)
        assert answer.status_code in {200, 303}, answer.text
        return answer.text

    @property
    def page(self):
        return self.client.get(self.here).raise_for_status().text

    @property
    def farewell(self):
        return self.page.partition('data-farewell="')[2].partition('"')[0]

    def order(self, kind, **fields):
        self.post(f"opdrachten/{kind}", **fields)

    def answer(self, kind):
        """Return the part of the page about one kind of command."""
        return self.page.partition(f'id="opdracht-{kind}"')[2].partition("</li>")[0]

    def state(self, kind):
        return self.answer(kind).partition('data-state="')[2].partition('"')[0]
