"""Derivations: the chain rule written out, as the lectures write it.

Read `derivation`; of Values `values` and `paths`, of tensors `tensors`, which makes `lines`, and
`tensor_lines` and `entries`, which print them in one of the `conventions`. `operations`,
`instances`, `naming`, `normalisation`, `parts` and `transposes` are asked on the way.
"""
