"""Publishing a policy on the log itself, as its writer, without a server."""

import getpass

from tocsin.cli.frame import UNREACHABLE, Fault, Session
from tocsin.cli.histories import writing
from tocsin.desk import Desk
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import publication
from tocsin.policies.versions import Version, versions


async def put_in_force(session: Session, document: str, note: str, actor: str | None) -> Version:
    """Publish a document, and return the version that is then in force.

    Raises:
        Fault: another process writes the log.
        BadPolicy: it is no policy.
    """
    command = publication(document, note, actor)
    try:
        with writing(session) as log:
            desk = Desk(log, session.settings)
            await desk.start()
            try:
                await desk.handle(
                    command, stream=POLICY_STREAM, caller=f"{getpass.getuser()} (command line)"
                )
            finally:
                await desk.stop()
            return versions(log.history(POLICY_STREAM))[-1]
    except Fault as fault:
        raise Fault(f"{fault} A policy is sent as POST /policy.", UNREACHABLE) from fault
