from keras.metrics import BinaryAccuracy as Accuracy

METRICS = {"accuracy": Accuracy(name="accuracy", threshold=0.5)}
