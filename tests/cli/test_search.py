import json


def test_search_prints_saves_and_draws(regraft, pictures, tmp_path):
    saved, drawn = tmp_path / "search.json", tmp_path / "front.png"
    (pictures / "bright" / "broken.png").write_bytes(b"no picture")
    outcome = regraft(
        "search", pictures, "--backbones", "efficientnet_lite0", "--sizes", "32",
        "--json", saved, "--png", drawn, "--quiet", "--on-bad-image", "skip",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "regraft fit" in outcome.out.splitlines()[-1]
    view = json.loads(saved.read_text())
    assert view["candidates"][view["chosen"]]["backbone"] == "efficientnet_lite0"
    assert [each["name"] for each in view["left_out"]] == ["bright/broken.png"]
    assert "left out: 1 that cannot be read: bright/broken.png" in outcome.out
    assert drawn.read_bytes().startswith(b"\x89PNG")


def test_a_wrong_size_is_one_line(regraft, pictures):
    outcome = regraft("search", pictures, "--sizes", "32,wide")
    assert outcome.status == 2
    assert "--sizes" in outcome.err
