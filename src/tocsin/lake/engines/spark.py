"""Apache Spark: for a lake that has outgrown one machine, or that lies where a cluster already is.

Spark gets the same expressions as SQL, and hands the sums back as columns. It is told to fail
where a sum does not fit, as DuckDB does; nothing else depends on how it is set up, neither on its
time zone nor on how it splits the work, so a session that is already there is used as it is.
"""

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.lake.engines.engine import EngineRefused, IbisEngine
from tocsin.lake.engines.places import library, seen
from tocsin.settings import Settings

SCHEMES = ("spark", "local", "yarn", "k8s")
JAVA = 17
WAY_OUT = (
    "apt-get install openjdk-17-jre-headless, or any Java from 17 on; JAVA_HOME says where it is"
)


class Spark(IbisEngine):
    """One session of Spark, or of anything that speaks as Spark does."""

    name = "spark"

    def __init__(self, session: Any, settings: Settings, *, ends: bool = True) -> None:
        with quiet():
            super().__init__(ibis.pyspark.connect(session))
        self._session, self._settings, self._ends = session, settings, ends
        self._views: set[str] = set()

    def parquet(self, name: str, files: Sequence[Path]) -> Any:
        """The files are read with the columns of the first, so that no other need be opened."""
        view = f"tocsin_{name}"
        with quiet():
            reader = self._session.read.schema(ddl(pq.read_schema(files[0])))
            reader.parquet(*seen(files, self._settings)).createOrReplaceTempView(view)
            self._views.add(view)
            return self.backend.table(view)

    def arrow(self, expression: Any) -> pa.Table:
        """What an expression comes to.

        Not by way of Ibis, which would take it through pandas, where whole numbers beside nulls
        become fractions and lose their last digits.
        """
        with quiet():
            found = self._session.sql(self.backend.compile(expression)).toArrow()
        return found.cast(expression.as_table().schema().to_pyarrow())

    def close(self) -> None:
        """End the session, if it began here."""
        for view in self._views:
            self._session.catalog.dropTempView(view)
        self._views.clear()
        if self._ends:
            self._session.stop()


def connect(address: str, settings: Settings, folder: Path) -> Spark:
    """A session with the master that the address names: `local[2]`, `spark://host:port`, `yarn`.

    Raises:
        EngineRefused: PySpark or Java is missing, or the master does not answer.
    """
    with quiet():
        (sql,) = library("spark", "spark", "pyspark.sql")
    java()
    there = sql.SparkSession.getActiveSession()
    if there is not None:
        return Spark(there, settings, ends=False)
    builder = sql.SparkSession.builder.appName("tocsin").master(address)
    for name, value in _wanted(address).items():
        builder = builder.config(name, value)
    try:
        with quiet():
            session = builder.getOrCreate()
    except Exception as error:
        raise EngineRefused(
            f"Spark at {address} cannot be used: {str(error).splitlines()[0]}"
        ) from error
    return Spark(session, settings)


def _wanted(address: str) -> dict[str, str]:
    wanted = {
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
    }
    if address.startswith("local"):
        # All of it is in this process: nobody else is to reach the ports that it opens.
        loopback = os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        wanted |= {"spark.driver.host": loopback, "spark.driver.bindAddress": loopback}
        wanted |= {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4"}
        # To list some hundred files of one disk as a job would take longer than to read them.
        wanted["spark.sql.sources.parallelPartitionDiscovery.threshold"] = "100000"
    return wanted


def java() -> None:
    """Check that Spark will find a Java that it can use.

    Raises:
        EngineRefused: it will not; the sentence says what to install.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).is_file():
        where = f"JAVA_HOME is {home}, and none is there" if home else "none is on the PATH"
        raise EngineRefused(f"Spark needs Java {JAVA} or later, and {where}: {WAY_OUT}.")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if version is None or int(version[1]) < JAVA:
        found = f"is {version[1]}" if version else "does not say which it is"
        raise EngineRefused(f"Spark needs Java {JAVA} or later; {program} {found}: {WAY_OUT}.")


def ddl(shape: pa.Schema) -> str:
    """Columns in Spark's words."""
    return ", ".join(f"`{field.name}` {_WORDS[str(field.type)]}" for field in shape)


_WORDS = {
    "int64": "bigint",
    "int32": "int",
    "string": "string",
    "large_string": "string",
    "bool": "boolean",
    "double": "double",
}


@contextmanager
def quiet() -> Iterator[None]:
    """PySpark warns of every pandas from 3 on, and nothing here goes through pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="pyspark")
        yield
