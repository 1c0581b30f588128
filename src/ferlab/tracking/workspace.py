"""The project's W&B dashboard as code: curves, test figures with intervals, confusion, evidence and search.

The keys are those that `ferlab.tracking` and the training log; the definition is built without a network.
"""

from importlib import import_module
from typing import Any

from ferlab.errors import FerlabError

MISSING = "dashboard: the package wandb-workspaces is not installed; cure: pip install 'ferlab[dashboard]'"


def workspace(entity: str, project: str, name: str) -> Any:
    """Return the dashboard as a `wandb_workspaces.workspaces.Workspace`; nothing is sent.

    Args:
        entity: the user or team that owns the project.
        project: of W&B.
        name: of the dashboard.

    Raises:
        FerlabError: wandb-workspaces is not installed.
    """
    ws = _import("wandb_workspaces.workspaces")
    layout = ws.SectionLayoutSettings(columns=2, rows=2)
    sections = [
        ws.Section(name=title, panels=panels, is_open=i < 2, layout_settings=layout)
        for i, (title, panels) in enumerate(_panels().items())
    ]
    columns = ["summary:test/accuracy", "summary:test/accuracy_low", "summary:test/accuracy_high", "summary:marks"]
    return ws.Workspace(
        entity=entity,
        project=project,
        name=name,
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis="epoch"),
        runset_settings=ws.RunsetSettings(pinned_columns=["run:displayName", *columns]),
    )


def definition(dashboard: Any) -> str:
    """Return a dashboard as the JSON that W&B stores."""
    spec: str = dashboard._to_model().spec.model_dump_json(by_alias=True, exclude_none=True, indent=2)
    return spec


def send(dashboard: Any) -> str:
    """Store a dashboard on W&B's server; returns its address.

    Raises:
        FerlabError: no login, or the server refuses it.
    """
    import wandb

    try:
        if not wandb.login(prompt=False):
            raise FerlabError(
                "dashboard: not logged in to W&B; cure: `wandb login`, or save=false prints the definition"
            )
        dashboard.entity = dashboard.entity or str(wandb.Api().default_entity)
        dashboard.save()
    except (wandb.Error, OSError) as error:
        raise FerlabError(f"dashboard: W&B did not take it ({error}); cure: check entity and project") from error
    return str(dashboard.url)


def _panels() -> dict[str, list[Any]]:
    """The panels of each section, most wanted first."""
    wr = _import("wandb_workspaces.reports.v2")

    def line(title: str, *keys: str, **options: Any) -> Any:
        return wr.LinePlot(title=title, x="epoch", y=list(keys), **options)

    def table(chart: str, key: str, fields: dict[str, str], title: str) -> Any:
        query = {"summaryTable": {"tableKey": key}}
        return wr.CustomChart(query=query, chart_name=chart, chart_fields=fields, chart_strings={"title": title})

    bounds = [f"test/accuracy{end}" for end in ("_low", "", "_high")]
    model = wr.Config("model.name")
    cells = {name: name for name in ("Actual", "Predicted", "nPredictions")}
    area = "wandb/area-under-curve/v0"
    roc, recall = ({"x": x, "y": y, "class": "class"} for x, y in (("fpr", "tpr"), ("recall", "precision")))
    pictures = [f"figures/{name}" for name in ("confusion", "roc", "learning_curves", "class_counts", "top_k")]
    columns = ["model.name", "optimizer.lr", "batch_size", "seed"]
    return {
        "Test figures": [
            wr.BarPlot(title="test accuracy of each run: 95 % interval", metrics=bounds, title_x="accuracy"),
            wr.BarPlot(
                title="test accuracy by model: mean, smallest and largest over runs",
                metrics=["test/accuracy"],
                groupby=model,
                groupby_aggfunc="mean",
                groupby_rangefunc="minmax",
            ),
            wr.BarPlot(title="test F1, macro", metrics=["test/f1_macro"]),
            wr.BarPlot(title="test log loss, nats", metrics=["test/log_loss"]),
        ],
        "Curves": [
            line("accuracy", "train/accuracy", "val/accuracy"),
            line("loss, nats", "train/loss", "val/loss"),
            line("macro recall and F1, validation", "val/recall_macro", "val/f1_macro"),
            line("learning rate", "lr", log_y=True),
        ],
        "Classes": [
            table("wandb/confusion_matrix/v1", "test/confusion_table", cells, "confusion, test"),
            table(area, "test/roc_table", roc, "ROC of each class against the rest"),
            table(area, "test/precision_recall_table", recall, "precision and recall of each class"),
            wr.MediaBrowser(title="figures of the report", media_keys=pictures, num_columns=2),
        ],
        "Evidence": [
            wr.WeavePanelSummaryTable(table_name="test/gradcam"),
            wr.WeavePanelSummaryTable(table_name="test/errors"),
            wr.MediaBrowser(title="while training", media_keys=["training/gradcam", "training/feature_maps"]),
        ],
        "Search": [
            wr.ParallelCoordinatesPlot(
                title="options against validation accuracy",
                columns=[
                    *(wr.ParallelCoordinatesPlotColumn(wr.Config(name)) for name in columns),
                    wr.ParallelCoordinatesPlotColumn(wr.SummaryMetric("val/accuracy")),
                ],
            ),
            wr.ParameterImportancePlot(with_respect_to="val/accuracy"),
        ],
        "Machine": [
            line("training, images a second", "speed/samples_per_second"),
            line("share of time waiting for data", "speed/waiting_share"),
            line("peak memory, MB", "memory/peak_mb"),
        ],
    }


def _import(name: str) -> Any:
    # an extra of its own: nothing else here needs it
    try:
        return import_module(name)
    except ImportError as error:
        raise FerlabError(MISSING) from error
