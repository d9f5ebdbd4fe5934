"""A kit's texts in every language: catalogues, agencies' files, glossary, memory and suggestions."""
