"""`reelhouse campaign …`: the commands on campaigns."""

from pathlib import Path
from typing import Annotated

import typer

campaign = typer.Typer(
    help="One storyboard in many variants: languages, products, shapes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
CampaignFile = Annotated[Path, typer.Argument(metavar="CAMPAIGN", help="A campaign.yaml file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@campaign.command()
def plan(file: CampaignFile, as_json: AsJson = False) -> None:
    """Show each film of a campaign, what it shares with the others, and whether budget and deadline hold."""
    from studio.campaign_view import show_campaign_plan

    show_campaign_plan(file, as_json=as_json)


@campaign.command()
def submit(
    file: CampaignFile,
    once: Annotated[bool, typer.Option("--once", help="Run it now and leave its schedule as it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hand a campaign to the studio: it runs now, or at the times of its schedule."""
    from studio.campaign_view import submit_campaign

    submit_campaign(file, once=once, as_json=as_json)


@campaign.command()
def unschedule(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign's name.")],
) -> None:
    """Remove a campaign's schedule; a run of it that is at work goes on."""
    from studio.campaign_view import unschedule_campaign

    unschedule_campaign(name)


@campaign.command()
def status(
    campaign_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A campaign run's id, or its first characters.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the schedules and the latest campaigns, or show the films of one."""
    from studio.campaign_view import show_campaign, show_campaigns

    if campaign_id:
        show_campaign(campaign_id, as_json=as_json)
    else:
        show_campaigns(as_json=as_json)
