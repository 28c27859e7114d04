import json

from keras.utils import image_dataset_from_directory


def open_subsets(folder, **options):
    with open("subsets.json") as file:
        return [image_dataset_from_directory(folder, **own, **options) for own in json.load(file)]
