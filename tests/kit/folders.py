"""What lies in a folder."""


def contents(folder):
    """Bytes of every file, hidden ones too, by its name below the folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
