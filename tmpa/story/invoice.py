"""An agency's invoice as a PDF, since the story's partner needs one to claim costs."""

import typst

_SOURCE = """
#set page(paper: "a4", margin: 2.5cm)
#set text(size: 11pt)
*Agentur Hafenlicht GmbH* \\ Am Sandtorkai 60 · 20457 Hamburg · VAT DE123456789
#v(2cm)
= Invoice #sys.inputs.number
#v(0.6cm)
#table(columns: (1fr, auto), stroke: none, align: (left, right),
  [Campaign production and list maintenance], sys.inputs.net,
  [VAT 19 %], sys.inputs.tax, table.hline(), [*Total EUR*], [*#sys.inputs.gross*])
"""


def make(number: str, net_minor: int, tax_minor: int) -> bytes:
    """The PDF; amounts in cents of EUR."""
    values = {
        "number": number,
        "net": f"{net_minor / 100:,.2f}",
        "tax": f"{tax_minor / 100:,.2f}",
        "gross": f"{(net_minor + tax_minor) / 100:,.2f}",
    }
    return bytes(typst.compile(_SOURCE.encode(), sys_inputs=values))
