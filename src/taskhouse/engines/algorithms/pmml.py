"""A linear classifier as PMML 4.2, the exchange format in which offline models are kept.

Source followed: the Data Mining Group's PMML 4.2 schema, RegressionModel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

NAMESPACE = "http://www.dmg.org/PMML-4_2"


def classifier(
    name: str,
    label: str,
    features: Sequence[str],
    classes: Sequence[str],
    tables: Mapping[str, tuple[float, Sequence[float]]],
) -> str:
    """`tables` maps a class to `(intercept, coefficients)`; with two classes the second one's table is all zeros."""
    root = ElementTree.Element("PMML", {"version": "4.2", "xmlns": NAMESPACE})
    header = ElementTree.SubElement(root, "Header")
    ElementTree.SubElement(header, "Application", {"name": "Taskhouse"})
    dictionary = ElementTree.SubElement(root, "DataDictionary", {"numberOfFields": str(len(features) + 1)})
    for feature in features:
        ElementTree.SubElement(dictionary, "DataField", {"name": feature, "optype": "continuous", "dataType": "double"})
    target = ElementTree.SubElement(
        dictionary, "DataField", {"name": label, "optype": "categorical", "dataType": "string"}
    )
    for value in classes:
        ElementTree.SubElement(target, "Value", {"value": value})
    method = "softmax" if len(classes) > 2 else "logit"
    model = ElementTree.SubElement(
        root,
        "RegressionModel",
        {"modelName": name, "functionName": "classification", "normalizationMethod": method, "targetFieldName": label},
    )
    schema = ElementTree.SubElement(model, "MiningSchema")
    for feature in features:
        ElementTree.SubElement(schema, "MiningField", {"name": feature, "usageType": "active"})
    ElementTree.SubElement(schema, "MiningField", {"name": label, "usageType": "target"})
    for value, (intercept, coefficients) in tables.items():
        table = ElementTree.SubElement(
            model, "RegressionTable", {"intercept": repr(intercept), "targetCategory": value}
        )
        for feature, coefficient in zip(features, coefficients, strict=True):
            ElementTree.SubElement(table, "NumericPredictor", {"name": feature, "coefficient": repr(coefficient)})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
