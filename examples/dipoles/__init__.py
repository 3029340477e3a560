"""Dipoles and polarizabilities of molecules: vectors and tensors."""
