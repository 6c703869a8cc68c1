"""Networks of graphs by role, as ``network_file`` rebuilds them."""

from purereid.purification.gcn import GCN
from purereid.purification.gcn_e import GCNE
from purereid.purification.gcn_v import GCNV

ROLES = {"gcn": GCN, "gcn_v": GCNV, "gcn_e": GCNE}
