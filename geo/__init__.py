"""Ibasho Atlas: where a place to be is missing, for whom, and when.

The way the data goes; each module imports only what stands above it::

    errors       what can go wrong, as sentences with the way out
    once         a value worked out once, also when several people ask together
    faults       what other programs say in English, in the reader's words
    text         words for people, from locales/
    kernels      compiled searches: arrays in, arrays out
    rasters      compiled loops over a raster: how far its points are from streets that are reached
    schemas      the tables, a class each
    study        everything that may change a number, in one frozen value
    schedule     opening words <-> a recurrence <-> half-hour slots: open, closed or unknown
    changes      what an import changes, row by row: found, kept, undone
    registry     entries of many lists -> places, each once
    entries      entries of the registry: found, due for review, changed by hand, kept over imports
    manifest     what a run was made of: digests, fingerprints, versions
    mesh         grid squares from their codes, and whose they are
    network      streets -> a walking network of frozen arrays; points join it
    slope        heights at the nodes of streets -> how streets rise
    demand       census -> people of each group -> points where they start to walk
    access       origins x places -> walking distances
    catchment    places -> the ground from which each is within a walk
    coverage     distances -> who reaches what; the gaps
    opening      distances x opening hours -> when something is open within the walk
    nearby       one spot: the places around it, and whether they are open
    choice       who depends on one place; functions; pairs; what would close a gap
    fca          room: weekly capacity shared by all who reach it
    isolation    census -> risk of isolation, apart from access
    equity       how evenly access is shared among people
    hotspots     where a value clusters among neighbouring areas
    zones        anything per origin -> any zone system, overlaps declared
    disclosure   what may leave the house: small counts masked
    decide       model areas, sites, scenarios, verification: choices with bound, doubt and record
    summary      a run in one document, with what is not known
    sources      the only code that reads foreign files
    store        where tables are kept: one GeoPackage, replaced whole or not at all
    present      what people see: map payloads, legends, tables; never computes a number
    project      one folder: the study, the store, the runs
    preparation  the study area, measured: what takes long and what no slider changes
    assessment   one study answered from it; each table when it is asked for
    pipeline     the whole picture as one page
    siting       what to do for the money on a project's data, for whatever aim
    decisions    committee, sites, territories on a project's data, and the record of each
    prospects    scenarios on a project's data, beside today
    cli          the command line

Start reading at :mod:`geo.pipeline`. The tree is drawn in CONTRIBUTING.md, and CI holds it true.
"""

import os

# GDAL reads these once, when pyogrio is first imported. Its other drivers (VRT, GDALG, WFS, HTTP, …) open
# files and addresses that the content of a file names; geo.sources refuses to work when one is still there.
os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = ".never"
os.environ["GDAL_SKIP"] = (
    "PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,CSV,GML,GPX,"
    "LIBKML,KML,GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,SQLite,WAsP,OpenFileGDB,DXF,GeoRSS,VFK,PGDUMP,OSM,"
    "GPSBabel,OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,"
    "PLSCENES,CSW,VDV,MVT,NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,AVCBin,AVCE00,AIVector,HTTP"
)
