import pytest

from regraft.artefact.runs import require_new, write_to_next_free
from regraft.artefact.store import load
from regraft.errors import ArtefactError, InvalidArgumentError


def test_runs_count_upwards(tmp_path):
    for number in (1, 2, 3):
        folder = write_to_next_free("mnist", lambda path: path.mkdir(parents=True), base=tmp_path)
        assert folder == tmp_path / f"mnist-{number}"


def test_a_name_taken_meanwhile_is_left_alone(tmp_path):
    def write(folder):
        if folder.name == "mnist-1":  # another process was faster
            raise FileExistsError
        folder.mkdir()

    assert write_to_next_free("mnist", write, base=tmp_path).name == "mnist-2"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        pytest.param("../../etc", "etc-1", id="path"),
        pytest.param("Ä b/c", "b-c-1", id="letters-and-spaces"),
        pytest.param("..", "run-1", id="nothing-left"),
        pytest.param("x" * 300, "x" * 60 + "-1", id="long"),
    ],
)
def test_odd_names_make_plain_folders(tmp_path, name, folder):
    assert write_to_next_free(name, lambda path: path.mkdir(), base=tmp_path) == tmp_path / folder


def test_an_existing_folder_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="does not exist yet"):
        require_new(tmp_path)


def test_an_unfinished_run_is_known_as_one(tmp_path):
    folder = tmp_path / "my run"
    (folder / "checkpoint").mkdir(parents=True)
    (folder / "checkpoint" / "run.json").write_text("{}")
    resume = r"regraft fit --resume '.*/my run'"
    with pytest.raises(InvalidArgumentError, match=resume):
        require_new(folder)
    with pytest.raises(ArtefactError, match=f"an unfinished run. To go on: {resume}"):
        load(folder)


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidArgumentError, match="a file"):
        require_new(tmp_path / "file" / "new")


def test_a_new_folder_is_fine(tmp_path):
    require_new(tmp_path / "a" / "b")
