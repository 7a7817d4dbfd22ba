"""Parents and children: who may be whose, what settling one does to the others, and how that is carried out."""
