"""A stand-in for the data package qm9pack."""

import sys

import numpy as np
import pytest
from intertwine.examples.qm9 import _data

COLUMNS = (
    "XYZ_file,Index,SMILES,InChi,N_atoms,Stoichiometry,Elements,XYZ_Ang,Mulliken_pop,Harmonic_Freq_cmi,RotA_GHz,"
    "RotB_GHz,RotC_GHz,Dipole_debye,Polarizability_bohr3,HOMO_au,LUMO_au,HOMO_LUMO_gap_au,R2_bohr2,ZPVE_au,"
    "InternalEnergy_0K_au,InternalEnergy_298K_au,Enthalphy_298K_au,GibbsFreeEnergy_298K_au,Heatcapacity_Cv_cal_mol_K"
)


def line(index, elements, rng):
    """One molecule as qm9pack writes it: quotes around lists, ``0.`` for zero."""
    xyz = [[0.0, *np.round(rng.standard_normal(2), 6)] for _ in elements]
    text = ",".join("[" + ",".join("0." if x == 0 else repr(float(x)) for x in row) + "]" for row in xyz)
    names = ",".join(f"'{e}'" for e in elements)
    alpha = 2 * len(elements) + 5 * elements.count("C")
    scalars = f"0.,1.,1.,{np.linalg.norm(xyz):.4f},{alpha},-0.25,0.05,0.3,35.,0.04,-40.,-40.,-40.,-40.,6."
    head = f'"dsgdb9nsd_{index:06}.xyz",{index},"C","InChI=1S/CH4/h1H4",{len(elements)},"[4,1,0,0,0]"'
    return f'{head},"[{names}]","[{text}]","[0.,0.1]","[1341.,1342.]",{scalars}'


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package qm9pack that cannot be imported, like the real one."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "site" / "qm9pack" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("from pkg_resources_of_long_ago import nothing\n")
    kinds = [["C", "H", "H", "H", "H"], ["N", "H", "H", "H"], ["O", "H", "H"], ["C", "O", "F"], ["C", "C"]]
    index = 0
    for name in _data.FILES:
        lines = [COLUMNS]
        for _ in range(13):
            index += 1
            lines.append(line(index, kinds[int(rng.integers(len(kinds)))], rng))
        (folder / name).write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    yield folder
    sys.modules.pop("qm9pack", None)
