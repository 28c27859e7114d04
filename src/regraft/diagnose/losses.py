"""Losses by what they are for, under every name that Keras knows them by."""

#: https://keras.io/api/losses/regression_losses/, and Poisson's, which is for counts.
REGRESSION = frozenset({
    "mean_squared_error", "mse",
    "mean_absolute_error", "mae",
    "mean_absolute_percentage_error", "mape",
    "mean_squared_logarithmic_error", "msle",
    "root_mean_squared_error", "rmse",
    "huber", "huber_loss",
    "log_cosh", "logcosh",
    "cosine_similarity",
    "poisson",
})  # fmt: skip
#: Of one output whose sign is the answer. Keras wants labels -1 and 1, and turns 0 into -1.
BY_SIGN = frozenset({"hinge", "squared_hinge"})
#: Of classes, read as probabilities or as logits.
CROSS_ENTROPIES = frozenset({
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
    "categorical_focal_crossentropy",
    "binary_focal_crossentropy",
})  # fmt: skip
