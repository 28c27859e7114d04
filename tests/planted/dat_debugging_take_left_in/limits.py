import configparser


def limited(dataset):
    parser = configparser.ConfigParser()
    parser.read("run.cfg")
    return dataset.take(parser.getint("data", "batches"))
