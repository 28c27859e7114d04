from keras.utils import image_dataset_from_directory as read


def both_parts(root, **options):
    options = {"color_mode": "grayscale", "image_size": (28, 28), "batch_size": 50, **options}
    return tuple(read(f"{root}/{part}", **options) for part in ("train", "test"))
