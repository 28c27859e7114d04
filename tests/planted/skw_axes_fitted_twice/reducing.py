from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def reduced(features):
    steps = make_pipeline(StandardScaler(), PCA(n_components=40, random_state=0))
    return steps.fit_transform(features)
