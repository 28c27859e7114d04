from sklearn.metrics import accuracy_score, classification_report


def report(model, pictures, labels):
    """Used for networks with a softmax."""
    predicted = model.predict(pictures, verbose=0).argmax(-1)
    print(classification_report(labels, predicted, zero_division=0))
    return accuracy_score(labels, predicted)
